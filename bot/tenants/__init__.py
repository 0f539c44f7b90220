"""Which outside companies may carry client information, and what a real start needs before it is one."""
