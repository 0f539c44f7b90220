"""How far each skill is let out in each team, who changed that, and what speaks for the next step."""
