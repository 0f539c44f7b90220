"""One file a step: see ../README.md."""
