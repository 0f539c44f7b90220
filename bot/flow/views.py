"""What a draft looks like in each state: one status line, the buttons that make sense now, the pages of its detail."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never
from zoneinfo import ZoneInfo

from bot.chat import Action, Button, CardView, Confirm, Detail, Status, Style, pages
from bot.drafting.how import QUIET, How
from bot.drafts import Draft, State
from bot.flow.office import PageSize
from bot.flow.records import Content
from skills.kit import Banner, Block, Card, Line, LineKind, Passage, Row, Rows, Sourced, Text, Title, Tone

TROUBLES = {
    "ehr_refused": "The EHR declined the write. Somebody must look in the EHR before another try.",
    "ehr_unavailable": "The EHR has not answered for too long.",
    "outcome_unknown": "It is not known whether the EHR stored it; it is looked up before any second try.",
    "readback_differs": "What was read back from the chart differs from what was approved. Look at the chart.",
    "client_not_found": "The EHR no longer knows this client.",
    "chart_changed": "The chart changed after the approval, so it asks again.",
    "consent_changed": "The consent it rested on changed after the approval, so it asks again.",
    "approver_inactive": "The person who approved is no longer active, so it asks again.",
    "approver_licence": "The approver's licence is no longer current, so it asks again.",
    "approver_membership": "The approver is no longer on the care team, so it asks again.",
    "approver_unknown": "The person who approved is no longer in the clinic file.",
    "notice_missing": "It holds records under 42 CFR Part 2 and lacks their notice, so it was not sent.",
    "notice_outdated": "It carries an outdated wording of the 42 CFR Part 2 notice, so it was not sent.",
    "asker_unknown": "The person who asked for it is no longer in the clinic file.",
}


@dataclass(frozen=True, slots=True)
class Names:
    """Names and times in words, for one draft."""

    zone: ZoneInfo
    now: datetime
    asked_by: str
    to: str
    decided_by: str = ""
    accepted_by: str = ""
    recalled_by: str = ""

    def at(self, moment: datetime | None) -> str:
        """`14:05` today, else `Tue 24 Nov, 14:05`, in the team's zone."""
        if moment is None:
            return "an unknown time"
        local = moment.astimezone(self.zone)
        same_day = local.date() == self.now.astimezone(self.zone).date()
        return f"{local:%H:%M}" if same_day else f"{local:%a} {local.day} {local:%b}, {local:%H:%M}"


FAULT = "Something went wrong on our side; the administrator can see what."


def card_view(draft: Draft, card: Card, names: Names, *, gaps: bool, accepts: bool, steps_done: int = 0) -> CardView:
    """The card as it stands. `accepts` says that a receiver must accept it; `gaps` that sections could not be read."""
    status = status_of(draft, names, accepts=accepts, steps_done=steps_done)
    return CardView(card, status, buttons_of(draft, gaps=gaps, accepts=accepts), draft.id, draft.version)


def status_of(draft: Draft, names: Names, *, accepts: bool, steps_done: int = 0) -> Status:
    approved = f"Approved by {names.decided_by} at {names.at(draft.decided_at)}"
    match draft.state:
        case State.WAITING:
            why = f"{TROUBLES[draft.trouble]} " if draft.trouble in TROUBLES else ""
            tone = Tone.WARNING if why else Tone.INFO
            return Status(tone, f"{why}Waiting for a decision until {names.at(draft.expires_at)}. Nothing is filed.")
        case State.APPROVED:
            why = f" {TROUBLES[draft.trouble]}" if draft.trouble in TROUBLES else ""
            return Status(Tone.WARNING, f"{approved}, not filed yet. Writing it into the chart.{why}")
        case State.FILING_FAILED:
            done = f" {steps_done} of its parts are in the chart." if steps_done else " Nothing is in the chart."
            return Status(Tone.STOP, f"{approved}, but NOT filed. {TROUBLES.get(draft.trouble or '', FAULT)}{done}")
        case State.FILED:
            return _filed(draft, names, accepts=accepts)
        case State.REJECTED:
            return Status(
                Tone.STOP, f"Rejected by {names.decided_by} at {names.at(draft.decided_at)}. Nothing was filed."
            )
        case State.EXPIRED:
            return Status(Tone.STOP, "Expired without a decision. Nothing was filed; ask again for a fresh draft.")
        case State.SUPERSEDED:
            return Status(Tone.INFO, "Replaced by a newer draft. Nothing of this one was filed.")
        case State.BLOCKED:
            return Status(Tone.STOP, f"Blocked. {TROUBLES.get(draft.trouble or '', FAULT)} Nothing was filed.")
        case _:
            assert_never(draft.state)


def _filed(draft: Draft, names: Names, *, accepts: bool) -> Status:
    filed = f"Filed in the chart at {names.at(draft.filed_at)}: read back and compared."
    if draft.recalled_at:
        return Status(Tone.STOP, f"RECALLED by {names.recalled_by} at {names.at(draft.recalled_at)}. {filed}")
    if not accepts:
        return Status(Tone.DONE, f"{filed} Approved by {names.decided_by}.")
    if draft.accepted_at:
        return Status(Tone.DONE, f"{filed} Accepted by {names.accepted_by} at {names.at(draft.accepted_at)}.")
    if draft.returned_at:
        words = f"{filed} NOT accepted by {names.at(draft.accept_by)}: {names.decided_by} stays responsible."
        return Status(Tone.STOP, words)
    return Status(Tone.WARNING, f"{filed} {names.to} must accept it by {names.at(draft.accept_by)}.")


def buttons_of(draft: Draft, *, gaps: bool, accepts: bool) -> tuple[Button, ...]:
    def button(action: Action, label: str, style: Style = Style.PLAIN, confirm: Confirm | None = None) -> Button:
        opens = action is not Action.RETRY
        return Button(action, label, draft.id, draft.version, style, confirm, opens)

    review = button(Action.REVIEW, "Review")
    match draft.state:
        case State.WAITING:
            again = (button(Action.RETRY, "Read chart again"),) if gaps else ()
            return (review, *deciding(draft), *again)
        case State.FILING_FAILED:
            return (review, button(Action.RETRY, "Try again", Style.PRIMARY))
        case State.FILED if accepts and not draft.recalled_at and not draft.accepted_at:
            recall = button(Action.RECALL, "Recall", Style.DANGER)
            if draft.returned_at:
                return (review, button(Action.RETRY, "Send again", Style.PRIMARY), recall)
            return (review, button(Action.ACCEPT, "Accept", Style.PRIMARY), button(Action.ASK, "Ask"), recall)
        case State.FILED if not draft.recalled_at:
            return (review, button(Action.RECALL, "Recall", Style.DANGER))
        case State.APPROVED | State.FILED:
            return (review,)
        case State.REJECTED | State.EXPIRED | State.SUPERSEDED | State.BLOCKED:
            return ()
        case _:
            assert_never(draft.state)


def deciding(draft: Draft) -> tuple[Button, ...]:
    """Approve, edit, reject: on the card and again under the whole text."""
    sure = Confirm("Approve this?", "It is filed in the chart exactly as you reviewed it, in your name.", "Approve")
    return (
        Button(Action.APPROVE, "Approve", draft.id, draft.version, Style.PRIMARY, sure, opens=True),
        Button(Action.EDIT, "Edit", draft.id, draft.version, opens=True),
        Button(Action.REJECT, "Reject", draft.id, draft.version, Style.DANGER, opens=True),
    )


def detail(
    draft: Draft, blocks: Sequence[Block], title: str, size: PageSize, page: int, *, sourced: bool = False
) -> Detail:
    """One page of the whole content; the deciding buttons stand under the last page only. `sourced`: and "Sources"."""
    split = pages(blocks, lines=size.lines, characters=size.characters)
    page = min(max(page, 1), len(split))
    last = page == len(split)
    decisions = _under_the_text(draft) if last else ()
    beside = (_to(draft, Action.SOURCES, "Sources", 1),) if sourced else ()
    turning = _turning(draft, Action.REVIEW, page, len(split))
    return Detail(title[:24], split[page - 1], (*decisions, *turning, *beside), page, len(split), draft.id)


def sources(draft: Draft, blocks: Sequence[Block], size: PageSize, page: int) -> Detail:
    """One page of the lines beside their sources. Nothing is decided here: what is approved is the draft itself."""
    split = pages(blocks, lines=size.lines, characters=size.characters)
    page = min(max(page, 1), len(split))
    turning = _turning(draft, Action.SOURCES, page, len(split))
    back = _to(draft, Action.REVIEW, "Back to the draft", 1)
    return Detail(f"Sources {draft.alias}"[:24], split[page - 1], (*turning, back), page, len(split), draft.id)


def _turning(draft: Draft, action: Action, page: int, of: int) -> tuple[Button, ...]:
    turn = [(page - 1, "Page before"), (page + 1, "Next page")]
    return tuple(_to(draft, action, label, number) for number, label in turn if 1 <= number <= of)


def _to(draft: Draft, action: Action, label: str, page: int) -> Button:
    return Button(action, label, draft.id, draft.version, opens=True, values={"page": str(page)})


def _under_the_text(draft: Draft) -> tuple[Button, ...]:
    """What can be decided by somebody who has read to the end."""
    if draft.state is State.WAITING:
        return deciding(draft)
    over = draft.accepted_at or draft.returned_at or draft.recalled_at
    if draft.state is not State.FILED or draft.accept_by is None or over:
        return ()
    return (
        Button(Action.ACCEPT, "Accept", draft.id, draft.version, Style.PRIMARY, opens=True),
        Button(Action.ASK, "Ask", draft.id, draft.version, opens=True),
    )


def with_changes(card: Card, content: Content) -> Card:
    """The card with what changed since the version before, visibly, at the top of both parts."""
    if not content.changes:
        return card
    lines = tuple(Line(change, kind=LineKind.ABOUT) for change in content.changes)
    count = f"The chart changed since the version before: {len(lines)} lines differ. Please review again."
    banner = Banner(Tone.WARNING, count)
    passage = Sourced(Passage("changes", "What changed", lines))
    return replace(card, summary=(*card.summary, banner), detail=(banner, passage, *card.detail))


def with_how(card: Card, how: How | None) -> Card:
    """The card with how its text came about: a template, or whose words and what the check did to them."""
    if how is None:
        return card
    tone = Tone.INFO if how.path == "model" or how.reason in QUIET else Tone.WARNING
    banner = Banner(tone, how.sentence())
    return replace(card, summary=(*card.summary, banner), detail=(*card.detail[:1], banner, *card.detail[1:]))


def left_out(counts: dict[str, int]) -> Banner | None:
    """Says how many records were withheld and why; None when none were."""
    if not counts:
        return None
    total = sum(counts.values())
    return Banner(Tone.WARNING, f"{total} records are left out: 42 CFR Part 2, no consent on file covers this use.")


def purged(draft: Draft, names: Names, refs: Sequence[tuple[str, str]]) -> tuple[Block, ...]:
    """What is shown of a draft whose content was purged: where it is."""
    rows = tuple(Row(step, ref) for step, ref in refs)
    if rows:
        return (Title(f"Handed over {names.at(draft.filed_at)}"), Text("The text is in the chart:"), Rows(rows))
    return (Text("The content of this draft was deleted when it ended. Nothing of it was filed."),)
