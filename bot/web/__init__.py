"""The web console: the third chat platform, and the sandbox page of the demo."""
