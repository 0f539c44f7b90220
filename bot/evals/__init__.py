"""Evaluations that anyone can repeat: one module each, scored from a file; tests/evals runs the same code as a gate."""
