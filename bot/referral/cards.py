"""What referrals look like: one, a list, a word to the owner, and the forms about one. Pure.

A card says a number, an alias and a step. What was ordered and for whom stands in the detail of one authorised reader.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from bot.chat import Action, Button, CardView, Detail, Field, Form, Notice, Status, Style
from bot.referral.reading import Found
from bot.referral.records import Tracked
from skills.kit import Banner, Block, Card, Row, Rows, Text, Title, Tone
from skills.kit.words import bare, day
from skills.referral import FOLLOWS, EvidenceKind, Figures, Standing, Step

SUBJECT: Final = "referral-"
MOST_LISTED: Final = 10
MOST_BESIDE_FIGURES: Final = 6  # so that both stand on one card of every platform
MOST_BUTTONS: Final = 5
NOTICE: Final = "Baton: where your referrals stand"
HOW: Final = (EvidenceKind.CALL, EvidenceKind.MESSAGE, EvidenceKind.PAPER, EvidenceKind.VISIT, EvidenceKind.REPORT)


@dataclass(frozen=True, slots=True)
class Shown:
    """A referral for one reader. `found` None: only what was kept is known, because the EHR does not answer."""

    row: Tracked
    alias: str
    standing: Standing
    found: Found | None


def subject(row: Tracked) -> str:
    return f"{SUBJECT}{row.number}"


def listed(
    title: str,
    shown: Sequence[Shown],
    zone: ZoneInfo,
    at: datetime,
    *,
    withheld: int = 0,
    stale: bool = False,
    gaps: Sequence[str] = (),
    figures: Sequence[Block] = (),
) -> CardView:
    """The most overdue first. `at`: when the EHR was read."""
    first = sorted(shown, key=lambda one: (-(one.standing.overdue_days or 0), one.row.number))
    most = MOST_BESIDE_FIGURES if figures else MOST_LISTED
    rows = tuple(Row(f"{one.row.name} {one.alias}", _line(one.standing)) for one in first[:most])
    rest = len(first) - len(rows)
    blocks: list[Block] = [Title(title), Rows(rows) if rows else Text("None is open.")]
    blocks += [Text(f"and {rest} more")] if rest > 0 else []
    blocks += _banners(withheld, gaps)
    buttons = tuple(_open(one) for one in first[:MOST_BUTTONS])
    return CardView(Card(NOTICE, (*blocks, *figures), ()), _status(zone, at, stale=stale), buttons)


def _open(one: Shown) -> Button:
    return Button(Action.REFERRAL_OPEN, one.row.name, subject(one.row), 0, opens=True)


def _line(standing: Standing) -> str:
    parts = [f"{standing.word}, since {day(standing.since)}"]
    parts.append({"us": "we owe the next step", "receiver": "the receiver owes the next step"}.get(standing.owes, ""))
    parts.append(_overdue(standing))
    return "; ".join(part for part in parts if part)


def _overdue(standing: Standing) -> str:
    late = standing.overdue_days
    if late:
        return f"overdue by {late} day{'' if late == 1 else 's'}"
    return f"due {day(standing.due)}" if standing.due else ""


def _banners(withheld: int, gaps: Sequence[str]) -> list[Block]:
    kept_back = f"{withheld} referral{'' if withheld == 1 else 's'} left out: 42 CFR Part 2, no consent covers it."
    banners: list[Block] = [Banner(Tone.WARNING, kept_back)] if withheld else []
    missing = f"Not all could be read: {'; '.join(gaps)}."
    return [*banners, Banner(Tone.WARNING, missing)] if gaps else banners


def _status(zone: ZoneInfo, at: datetime, *, stale: bool) -> Status:
    when = f"{at.astimezone(zone):%a %d %b %H:%M}"
    if stale:
        return Status(Tone.WARNING, f"The EHR does not answer. This is how it stood at {when}.")
    return Status(Tone.INFO, f"As the EHR has it at {when}.")


# One


def detail(one: Shown, zone: ZoneInfo, at: datetime) -> Detail:
    """With what was ordered, by whom and for whom, where the EHR could be read."""
    blocks: list[Block] = [Title(f"Referral {one.row.name}"), Rows(tuple(_rows(one)))]
    status = _status(zone, at, stale=one.found is None)
    blocks.append(Banner(status.tone, status.text))
    return Detail(f"Referral {one.row.name}", tuple(blocks), _buttons(one), subject=subject(one.row))


def one_card(one: Shown, zone: ZoneInfo, at: datetime, *, withheld: int = 0) -> CardView:
    """To the one person who asked."""
    blocks = (Title(f"Referral {one.row.name} {one.alias}"), Rows(tuple(_rows(one))), *_banners(withheld, ()))
    return CardView(Card(NOTICE, blocks, ()), _status(zone, at, stale=one.found is None), _buttons(one))


def _rows(one: Shown) -> list[Row]:
    standing = one.standing
    rows = [Row("Client", one.alias)]
    if one.found is not None:
        rows.append(Row("Ordered", f"{bare(one.found.referral.what)}, {day(one.found.referral.when)}"))
    rows += [Row("Step", standing.word), Row("Since", day(standing.since))]
    rows.append(Row("Owes the next step", standing.who_owes))
    rows += [Row("Next step", standing.next_step)] if standing.next_step else []
    clock = "; ".join(part for part in (_overdue(standing), standing.clock) if part)
    rows += [Row("Clock", clock)] if clock else []
    rows += [Row("Kept visit", "documented" if standing.kept else "not documented")]
    return [*rows, Row("Report", "documented" if standing.report else "not documented")] if one.found else rows


def _buttons(one: Shown) -> tuple[Button, ...]:
    if one.standing.closed:
        return ()
    about = subject(one.row)
    return (
        Button(Action.REFERRAL_NUDGE, "Nudge", about, 0, Style.PRIMARY),
        Button(Action.REFERRAL_MARK, "Mark", about, 0, opens=True),
        Button(Action.REFERRAL_REASSIGN, "Reassign", about, 0, opens=True),
        Button(Action.REFERRAL_CLOSE, "Close", about, 0, opens=True),
    )


# To the owner


def moved(row: Tracked, alias: str) -> Notice:
    word = row.step.value.replace("_", " ") if row.step else "at a step that the EHR does not say"
    return Notice(f"{row.name} of {alias} is now {word}.", Tone.DONE if row.closed else Tone.INFO, (_look(row),))


def waits(row: Tracked, alias: str, after: int) -> Notice:
    word = row.step.value.replace("_", " ") if row.step else "not known"
    said = f"{row.name} of {alias} has not moved for {after} business days: {word}, since {day(row.since)}."
    return Notice(said, Tone.WARNING, (_look(row),))


def _look(row: Tracked) -> Button:
    return Button(Action.REFERRAL_OPEN, f"Open {row.name}", subject(row), 0, opens=True)


# Forms


def mark_form(row: Tracked) -> Form:
    possible = sorted(FOLLOWS[row.step] - {Step.CLOSED}) if row.step else []
    steps = ", ".join(step.value.replace("_", " ") for step in possible)
    first = possible[0].value.replace("_", " ") if len(possible) == 1 else ""
    fields = (
        Field("step", "What happened", first, multiline=False, hint=f"One of: {steps}"[:150], max_length=30),
        Field("how", "How you know", "call", multiline=False, hint=", ".join(HOW), max_length=20),
        Field("said_by", "Who said so", multiline=False, hint="A name or role", max_length=120),
        Field("words", "In their words", hint="What it rests on", max_length=1000),
        Field("when", "When it happened", multiline=False, required=False, hint="Such as 2026-11-24", max_length=10),
    )
    intro = "This becomes a draft: somebody reads and approves it before the EHR changes."
    return Form(Action.REFERRAL_SAVE_MARK, f"Mark {row.name}", intro, fields, "Draft it", subject(row), 0)


def reassign_form(row: Tracked) -> Form:
    fields = (Field("owner", "Who looks after it", multiline=False, hint="A colleague's name or id", max_length=120),)
    intro = "This becomes a draft: somebody approves it, then the task in the EHR names the new owner."
    return Form(Action.REFERRAL_SAVE_REASSIGN, f"Reassign {row.name}", intro, fields, "Draft it", subject(row), 0)


def close_form(row: Tracked) -> Form:
    fields = (Field("reason", "Why it is over", hint="What the closing rests on", max_length=1000),)
    intro = "A referral closes with a kept visit and a report, or a documented refusal or redirect. Nothing else."
    return Form(Action.REFERRAL_SAVE_CLOSE, f"Close {row.name}", intro, fields, "Draft it", subject(row), 0)


# Figures


def table(figures: Figures) -> tuple[Row, ...]:
    """The two rates, the funnel and the ageing as rows, for everybody and every screen reader: counts only."""
    funnel = [f"{n} {step.value.replace('_', ' ')}" for step, n in figures.funnel.items() if n]
    funnel += [f"{figures.not_known} not known"] if figures.not_known else []
    ageing = [f"{n} for {name}" for name, n in figures.ageing.items() if n]
    return (
        Row("Closed loop", figures.closed_loop.words),
        Row("Got help", figures.got_help.words),
        Row("Overdue", str(figures.overdue)),
        Row("Funnel", ", ".join(funnel) or "none"),
        Row("Open, by business days", ", ".join(ageing) or "none"),
    )
