"""Where each referral of a team stands: asked for, shown, nudged, marked, and told to its owner when it moves."""
