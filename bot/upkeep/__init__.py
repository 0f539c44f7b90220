"""What whoever runs Baton does to its database: migrate, back up, restore, change the key."""
