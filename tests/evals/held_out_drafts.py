"""Sentences worded after the checks were finished: what they were never tuned on."""

CASES: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...]], ...] = ()
