"""Crisis: what counts as a signal of risk, by rules that can be read, and the sentence that explains each one."""
