"""Escalations: opened by a signal, paged until a person answers, let go only with a person's documented disposition."""
