"""Evaluations that anyone can repeat: one module each, scored from a file, the same code behind the gate in tests/evals."""
