"""What the EHR tells by itself: taken at the door, kept, and looked into under our own scope."""
