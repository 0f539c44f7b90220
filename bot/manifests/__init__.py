"""What Slack and Teams are told about Baton before it is installed, built from the shelf so that it cannot drift.

Read in this order: said (what both are told), slack, teams, picture (the icons), files (what is written), commands.
"""
