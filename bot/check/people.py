"""Whether somebody is on call, which skill is live where, and how people are reached by telephone."""

from collections.abc import Sequence

from bot.check.finding import Finding, fail, ok, skipped, warn
from bot.check.given import Given
from bot.crisis.coverage import AHEAD, MOST_TOLD, NO_RULES, gaps
from bot.crisis.telephones import provider_of
from skills import ALL

CLINIC_FIRST = "The clinic file comes first."


async def on_call(given: Given) -> Sequence[Finding]:
    if given.clinic is None:
        return [skipped("on_call", CLINIC_FIRST)]
    if given.clinic.crisis is None:
        return [fail("on_call", "Nobody would be on call.", NO_RULES)]
    clinic = given.clinic
    if found := gaps(clinic, given.clock()):
        mend = "Correct the rota in the clinic file, or the ways by which these people can be reached."
        lines = [gap.sentence(clinic) for gap in found[:MOST_TOLD]]
        return [fail("on_call", f"In the next {AHEAD.days} days there are {len(found)} gaps.", mend, lines)]
    return [ok("on_call", f"Somebody is on call at every hour of the next {AHEAD.days} days, in each team.")]


async def rollout(given: Given) -> Sequence[Finding]:
    """A phase of a skill that is not on the shelf is a word nobody reads."""
    if given.clinic is None:
        return [skipped("rollout", CLINIC_FIRST)]
    shelf = {skill.name for skill in ALL}
    lines = [
        f"{team.id}: " + (", ".join(f"{k} {v}" for k, v in team.rollout.items()) or "as the clinic's default")
        for team in given.clinic.teams
    ]
    unknown = sorted({skill for team in given.clinic.teams for skill in team.rollout} - shelf)
    if unknown:
        mend = f"Name skills of the shelf in `rollout`: {', '.join(sorted(shelf))}."
        return [warn("rollout", f"Phases are set for what is no skill: {', '.join(unknown)}.", mend, lines)]
    return [ok("rollout", "Each team has its phases.", lines)]


async def telephone(given: Given) -> Sequence[Finding]:
    if given.settings is None:
        return [skipped("telephone", "The settings come first.")]
    match provider_of(given.settings):
        case "simulator" if not given.real:
            return [ok("telephone", "The demo's telephone company is simulated.")]
        case "simulator":
            mend = "Set BATON_CRISIS__PROVIDER to twilio or plivo, or to none."
            return [fail("telephone", "The telephone company is simulated: nobody's phone would ring.", mend)]
        case "none":
            mend = "Set BATON_CRISIS__PROVIDER: whoever has no chat at hand at night is reached by telephone only."
            return [warn("telephone", "There is no telephone company: crisis pages go out by chat alone.", mend)]
        case company if given.settings.crisis.missing:
            mend = f"Set BATON_{', BATON_'.join(given.settings.crisis.missing)}."
            return [fail("telephone", f"The account with {company} is not complete.", mend)]
        case company:
            told = f"Pages go out by {company}; a drill is what tries it out."
            return [ok("telephone", told)]
