"""The shelf. A skill is here or it does not exist: taking its line away removes it."""

from skills import handoff
from skills.crisis import skill as crisis
from skills.referral import nudge, update

ALL = (handoff.SKILL, crisis.SKILL, nudge.SKILL, update.SKILL)
