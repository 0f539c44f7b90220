"""The disposition form: its fields, and what was typed as a disposition or sent back with reasons. Pure."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from bot.chat import Action, Field, Form
from bot.crisis.disposition import Counselling, Disposition, Kind, Level, Notified

WHEN: Final = "2026-11-24 09:30"
NOBODY: Final = frozenset({"nobody", "none", "no one", "no"})


@dataclass(frozen=True, slots=True)
class Filled:
    """What was typed: a disposition, or None and why by field."""

    form: Disposition | None
    wrong: Mapping[str, str]


def blank(code: str, *, level: str | None, duty: str) -> Form:
    """`level`: as assessed. `duty`: the card of the state."""
    fields = (
        Field("kind", "What becomes of it", multiline=False, hint=_words(Kind)),
        Field("level", "Level", level or "", multiline=False, hint=_words(Level)),
        Field("means", "Means counselling", multiline=False, hint=_words(Counselling)),
        Field("means_because", "If not done: why", multiline=False, required=False),
        Field("safety_plan_on", "Safety plan of", multiline=False, required=False, hint="2026-11-23"),
        Field("no_safety_plan_because", "If none: why", multiline=False, required=False),
        Field("next_contact_at", "Next contact", multiline=False, hint=f"{WHEN}, by the clinic's clock"),
        Field("contacts", "Contacts of the client", required=False, hint="One a line."),
        Field("notified", "Who was notified", hint="One a line, with its legal basis: who: basis. Or: nobody"),
        Field("duty_to_warn", "Duty to warn: decision", hint="What you decided and why. See the card above."),
        Field("words", "Anything else", required=False),
    )
    intro = f"Your own assessment and decision; it goes into the chart in your name. {duty}"
    return Form(Action.CRISIS_SAVE_DISPOSE, f"Disposition {code}"[:24], intro, fields, "Save", code, 0)


def filled(typed: Mapping[str, str], *, assessor: str, zone: ZoneInfo) -> Filled:
    """Nothing is guessed: a word that is none of the list, or a time that is none, is sent back."""
    said = {key: words.strip() for key, words in typed.items()}
    kind, level = _one_of(Kind, said.get("kind", "")), _one_of(Level, said.get("level", ""))
    means, plan_on = _one_of(Counselling, said.get("means", "")), _day(said.get("safety_plan_on", ""))
    contact, notified = _moment(said.get("next_contact_at", ""), zone), _notified(said.get("notified", ""))
    wrong = {
        "kind": "" if kind else f"One of: {_words(Kind)}.",
        "level": "" if level else f"One of: {_words(Level)}.",
        "means": "" if means else f"One of: {_words(Counselling)}.",
        "safety_plan_on": "" if plan_on or not said.get("safety_plan_on") else "A day, such as 2026-11-23.",
        "next_contact_at": "" if contact else f"A moment, such as {WHEN}.",
        "notified": "" if notified is not None else "Each line needs who and the legal basis, or write: nobody",
        "duty_to_warn": "" if said.get("duty_to_warn") else "Say what you decided, also when it does not apply.",
    }
    wrong = {key: words for key, words in wrong.items() if words}
    if wrong or kind is None or level is None:
        return Filled(None, wrong)
    form = Disposition(
        kind=kind,
        assessor=assessor,
        level=level,
        means=means,
        means_because=said.get("means_because", ""),
        safety_plan_on=plan_on,
        no_safety_plan_because=said.get("no_safety_plan_because", ""),
        next_contact_at=contact,
        contacts=tuple(line.strip() for line in said.get("contacts", "").splitlines() if line.strip()),
        notified=notified,
        duty_to_warn=said["duty_to_warn"],
        words=said.get("words", ""),
    )
    return Filled(form, {})


def level_of(words: str) -> Level | None:
    return _one_of(Level, words)


def _words(choices: type[StrEnum]) -> str:
    return ", ".join(one.value.replace("_", " ") for one in choices)


def _one_of[E: StrEnum](choices: type[E], words: str) -> E | None:
    wanted = "_".join(words.casefold().replace("-", " ").replace("_", " ").split())
    return next((one for one in choices if one.value == wanted), None)


def _day(words: str) -> date | None:
    with suppress(ValueError):
        return date.fromisoformat(words)
    return None


def _moment(words: str, zone: ZoneInfo) -> datetime | None:
    """By the clinic's clock; a day alone is no moment."""
    with suppress(ValueError):
        found = datetime.fromisoformat(words)
        return (found if found.tzinfo else found.replace(tzinfo=zone)) if len(words) > len("2026-11-23") else None
    return None


def _notified(words: str) -> tuple[Notified, ...] | None:
    """None: nothing was said, or a line lacks its legal basis."""
    if words.casefold().rstrip(".") in NOBODY:
        return ()
    lines = [line.partition(":") for line in words.splitlines() if line.strip()]
    told = tuple(Notified(who=who.strip(), legal_basis=basis.strip()) for who, _, basis in lines)
    return told if told and all(one.who and one.legal_basis for one in told) else None
