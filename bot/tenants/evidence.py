"""What the clinic wrote down about its business associates: a signed agreement, for which plan, who saw it.

45 CFR 164.504(e) and 164.308(b): whoever receives or keeps client information for the clinic agreed to it in writing.
"""

from datetime import date as day
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

type Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Surface(StrEnum):
    """Where client information leaves the clinic's own machines. The EHR is the clinic's own contract, not Baton's."""

    SLACK = "slack"
    TEAMS = "teams"
    MODEL = "model"
    SMS = "sms"


class Evidence(BaseModel):
    """One agreement. `tenant`: workspace or organisation id, Entra tenant id, the model's host, the SMS provider."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tenant: Words
    platform: Surface
    baa: Words  # where the signed agreement is found: a contract number, a file reference
    plan: Words  # what was bought: vendors sign for some plans only
    date: day  # since when it holds
    who: Words  # who has seen it signed

    def lacking(self, today: day) -> str | None:
        """Why it covers nothing now. None: it does."""
        if self.date > today:
            return f"its agreement begins on {self.date:%d %b %Y} only"
        if self.platform is Surface.SLACK and "enterprise" not in self.plan.casefold():
            return "Slack signs a business associate agreement for its Enterprise plans only"
        return None
