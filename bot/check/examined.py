"""Every check, in the order in which one would mend what they find."""

from collections.abc import Sequence
from typing import Final

from bot.check import calendar, configuration, ehr, model, people, slack, storage, teams, webhooks
from bot.check.asked import WITHIN_S, Check, all_of
from bot.check.finding import Finding
from bot.check.given import Given

CHECKS: Final = (
    Check(("settings",), configuration.settings),
    Check(("secrets",), configuration.secrets),
    Check(("public_url",), configuration.public_url),
    Check(("clinic",), configuration.clinic),
    Check(storage.NAMES, storage.storage),
    Check(slack.NAMES, slack.slack),
    Check(("teams_credentials",), teams.teams),
    Check(ehr.NAMES, ehr.ehr),
    Check(("clock",), ehr.clock),
    Check(("webhooks",), webhooks.webhooks),
    Check(("model",), model.model),
    Check(("on_call",), people.on_call),
    Check(("rollout",), people.rollout),
    Check(("telephone",), people.telephone),
    Check(("calendar",), calendar.calendar),
    Check(("heartbeat",), calendar.heartbeat),
)


async def examined(given: Given, *, checks: Sequence[Check] = CHECKS, within_s: float = WITHIN_S) -> list[Finding]:
    """What each check found, in order. Changes nothing, and never raises."""
    return await all_of(checks, given, within_s=within_s)
