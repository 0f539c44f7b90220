"""What is known of people at run time, besides the clinic file: identities linked by a code, people deactivated."""
