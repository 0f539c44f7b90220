"""`baton bench`: what the product costs on this machine, beside others that do the same in the same run.

Each contestant is a process of its own (`child.py`) on loopback. Figures of one run are compared with each other and
with nothing else: the machine is shared and noisy, so contestants take turns and medians are taken.
"""
