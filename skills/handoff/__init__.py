"""`/handoff C-102 [to someone]`: a warm handoff in the order of I-PASS, with what behavioral health adds to it.

facts.py     what is taken from the chart, and which sentences of the notes
severity.py  stable, watcher or urgent: by rule, with the reason beside it, or "cannot be stated"
text.py      the draft, element by element; a missing element says so
prompt.py    which of its lines a model may put into words
proposal.py  the card that asks, and what a yes would write
"""

from datetime import timedelta

from skills.handoff.facts import READS, HandoffFacts, gather
from skills.handoff.prompt import prompt
from skills.handoff.proposal import card, writes
from skills.handoff.text import compose
from skills.kit import Acceptance, Approval, Command, Purpose, Role, Skill

_LICENSED = frozenset({Role.CLINICIAN, Role.PRESCRIBER, Role.SUPERVISOR})

SKILL = Skill(
    name="handoff",
    title="Warm handoff",
    command=Command(
        "handoff", "C-102 [to a colleague]", "Draft a warm handoff of one client to a colleague or the team"
    ),
    reads=READS,
    purpose=Purpose.TREATMENT,
    approval=Approval(
        roles=_LICENSED,
        licensed=True,
        four_eyes=False,
        expires_after=timedelta(hours=24),
        acceptance=Acceptance(roles=_LICENSED, licensed=True),
    ),
    facts=HandoffFacts,
    gather=gather,
    compose=compose,
    card=card,
    writes=writes,
    prompt=prompt,
)
