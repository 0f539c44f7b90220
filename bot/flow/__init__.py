"""The product in verbs: intake, prepare, present, decide, deliver, accept, expire. Start reading at `desk.py`."""
