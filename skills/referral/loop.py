"""Which step of a referral may follow which, and what closes it. Pure: a move is made, or refused with a sentence."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from skills.kit.words import as_day
from skills.referral.steps import Closure, Mark, Owes, Refused, Standing, Step, next_of

# Which step may follow which. A report may also say that nobody came; a visit that was kept stays kept (`move`).
_OUT = frozenset({Step.DECLINED, Step.REDIRECTED, Step.UNREACHABLE})
_SEEN = frozenset({Step.KEPT, Step.REPORT_BACK})
_REFUSED = frozenset({Step.DECLINED, Step.REDIRECTED})
_UNSEEN = frozenset({Step.NO_SHOW, Step.DECLINED, Step.REDIRECTED})
FOLLOWS: Final[Mapping[Step, frozenset[Step]]] = {
    Step.DRAFTED: frozenset({Step.SENT, Step.DECLINED, Step.REDIRECTED}),
    Step.SENT: frozenset({Step.SENT, Step.RECEIVED, Step.ACCEPTED, Step.SCHEDULED, *_SEEN, *_OUT}),
    Step.RECEIVED: frozenset({Step.ACCEPTED, Step.SCHEDULED, *_SEEN, *_OUT}),
    Step.ACCEPTED: frozenset({Step.SCHEDULED, *_SEEN, *_OUT}),
    Step.SCHEDULED: frozenset({Step.ACCEPTED, Step.SCHEDULED, Step.NO_SHOW, *_SEEN, *_OUT}),
    Step.NO_SHOW: frozenset({Step.ACCEPTED, Step.SCHEDULED, Step.NO_SHOW, *_SEEN, *_OUT}),
    Step.UNREACHABLE: frozenset({Step.SENT, Step.RECEIVED, Step.ACCEPTED, Step.SCHEDULED, *_SEEN, *_OUT}),
    Step.DECLINED: frozenset({Step.SENT, Step.REDIRECTED, Step.CLOSED}),
    Step.REDIRECTED: frozenset({Step.CLOSED}),
    Step.KEPT: frozenset({Step.REPORT_BACK}),
    Step.REPORT_BACK: frozenset({Step.KEPT, Step.DECLINED, Step.REDIRECTED, Step.CLOSED}),
    Step.CLOSED: frozenset(),
}

STAYS_KEPT: Final = "A kept visit is documented. If that is wrong, it is corrected in the EHR first."
UNDOCUMENTED: Final = "Say what this rests on: who said it, and where it is kept or in which words."
CLOSED_ALREADY: Final = "This referral is closed; a new need is a new referral."
NO_STEP: Final = "The EHR does not say where this referral stands; somebody has to look at it there first."
NO_VISIT: Final = "No kept visit is documented, so the loop stays open. Mark the visit first, with what it rests on."
NO_REPORT: Final = "No report came back, so the loop stays open. Mark the report first, with what it rests on."

NO_REASON: Final = "A refusal or redirect closes the loop only with its reason in words."


def move(standing: Standing, mark: Mark, at: datetime) -> Standing | Refused:
    """The standing after `mark`, or why not. The clock of the new step is not set: `clocks.timed` does that."""
    if standing.closed:
        return Refused(CLOSED_ALREADY)
    if standing.step is None:
        return Refused(NO_STEP)
    if not mark.evidence.documented:
        return Refused(UNDOCUMENTED)
    if mark.to is Step.CLOSED:
        return _closed(standing, mark, at)
    if standing.kept and mark.to in _UNSEEN:
        return Refused(STAYS_KEPT)
    if mark.to not in FOLLOWS[standing.step]:
        return Refused(f"A referral that is {standing.word} cannot become {mark.to.value.replace('_', ' ')}.")
    return _moved(standing, mark, at)


def _closed(standing: Standing, mark: Mark, at: datetime) -> Standing | Refused:
    closure = _closure_of(standing, mark.evidence.words.strip())
    if closure is None:
        return Refused(_why_open(standing))
    return _at(standing, Step.CLOSED, mark, at, closure=closure)


def _why_open(standing: Standing) -> str:
    if standing.step in {Step.DECLINED, Step.REDIRECTED}:
        return NO_REASON
    return NO_REPORT if standing.kept else NO_VISIT


def _closure_of(standing: Standing, words: str) -> Closure | None:
    """What closing would rest on: a refusal or redirect counts only where its reason is told, then or now."""
    match standing.step:
        case Step.DECLINED if standing.refusal or words:
            return Closure.REFUSAL
        case Step.REDIRECTED if standing.refusal or words:
            return Closure.REDIRECT
        case Step.REPORT_BACK if standing.kept and standing.report:
            return Closure.VISIT_AND_REPORT
        case _:
            return None


def _moved(standing: Standing, mark: Mark, at: datetime) -> Standing:
    kept = mark.evidence if mark.to is Step.KEPT else standing.kept
    report = mark.evidence if mark.to is Step.REPORT_BACK else standing.report
    refusal = mark.evidence if mark.to in _REFUSED and mark.evidence.words.strip() else None
    step = Step.REPORT_BACK if mark.to is Step.KEPT and report else mark.to
    return _at(replace(standing, kept=kept, report=report, refusal=refusal), step, mark, at)


def _at(standing: Standing, step: Step, mark: Mark, at: datetime, closure: Closure | None = None) -> Standing:
    receiver = standing.who_owes if standing.owes is Owes.RECEIVER else "the receiving provider"
    owes, who, words = next_of(step, kept=standing.kept is not None, us="us", receiver=receiver)
    return replace(
        standing,
        step=step,
        since=as_day(mark.evidence.when or at),
        owes=owes,
        who_owes=who,
        next_step=words,
        evidence=(*standing.evidence, mark.evidence) if step in {Step.CLOSED, Step.REPORT_BACK} else (mark.evidence,),
        closure=closure,
        visit=None,
        due=None,
        clock=None,
        overdue_days=None,
    )
