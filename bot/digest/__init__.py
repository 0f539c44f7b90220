"""The digest: each team is told once, at its own hour, what changed in its caseload and needs somebody."""
