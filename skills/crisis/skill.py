"""The draft of a crisis: made when somebody answers an escalation, approved by a second, licensed person."""

from datetime import timedelta

from skills.crisis.facts import READS, CrisisFacts, gather
from skills.crisis.proposal import card, writes
from skills.crisis.text import compose
from skills.kit import Approval, Command, Purpose, Role, Skill

SKILL = Skill(
    name="crisis",
    title="Crisis escalation",
    command=Command("crisis", "C-102 [words]", "Page the treating clinician and the supervisor now"),
    reads=READS,
    purpose=Purpose.TREATMENT,
    approval=Approval(
        roles=frozenset({Role.CLINICIAN, Role.PRESCRIBER, Role.SUPERVISOR}),
        licensed=True,
        four_eyes=True,
        expires_after=timedelta(minutes=30),  # then people are told again: it never expires
        escalates=True,
    ),
    facts=CrisisFacts,
    gather=gather,
    compose=compose,
    card=card,
    writes=writes,
)
