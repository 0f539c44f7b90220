"""The doctor behind `baton check`: tests each thing for real, and says in words how to mend what is wrong.

Read in this order: finding (what is told), given (what it starts from), asked (each check by itself, at once, in time),
then one file for each topic, and examined, which puts them together.
"""
