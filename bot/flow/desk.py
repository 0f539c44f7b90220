"""The product as a platform sees it: words and presses in, views out. And as the worker sees it: a handler per job."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat import Action, Home, Notice, Press, Reply, Typed, Who
from bot.crisis import buttons, drill, engine, filing, looking, moves, watchdog
from bot.digest import buttons as digest_buttons
from bot.digest import doing, making, posting
from bot.ehr_events import doing as ehr_doing
from bot.flow import (
    accept,
    contradictions,
    decide,
    deliver,
    expire,
    glass,
    home,
    housekeeping,
    intake,
    overrides,
    prepare,
    present,
    tell,
    trail,
)
from bot.flow.office import Office
from bot.linking import known
from bot.privacy.audit import Action as Audited
from bot.privacy.audit import Outcome
from bot.referral import buttons as referral_buttons
from bot.referral import looking as referral_looking
from bot.referral import moved
from bot.store.jobs import Finish, Handler, Job, Later, Never
from skills.kit import Tone

type Verb = Callable[[Office, Press], Awaitable[Reply]]

VERBS: Final[Mapping[Action, Verb]] = {
    Action.PICK: prepare.pick,
    Action.REVIEW: decide.review,
    Action.SOURCES: decide.sources,
    Action.SHOW: digest_buttons.showing(decide.show),
    Action.APPROVE: decide.approve,
    Action.SAVE_APPROVE: decide.approve,
    Action.EDIT: decide.edit,
    Action.SAVE_EDIT: decide.save_edit,
    Action.REJECT: decide.reject,
    Action.SAVE_REJECT: decide.save_reject,
    Action.RETRY: decide.retry,
    Action.ACCEPT: accept.accept,
    Action.SAVE_ACCEPT: accept.save_accept,
    Action.ASK: accept.ask,
    Action.SAVE_ASK: accept.save_ask,
    Action.ANSWER: accept.answer,
    Action.SAVE_ANSWER: accept.save_answer,
    Action.RECALL: accept.recall,
    Action.SAVE_RECALL: accept.save_recall,
    Action.BREAK_GLASS: glass.break_glass,
    Action.SAVE_BREAK_GLASS: glass.save_break_glass,
    Action.CONFLICTS: overrides.conflicts,
    Action.OVERRIDE: overrides.override,
    **buttons.VERBS,
    **digest_buttons.VERBS,
    **referral_buttons.VERBS,
}

JOBS: Final[Mapping[str, Callable[[Office, Job], Awaitable[Finish | None]]]] = {
    "caseload": prepare.caseload,
    "prepare": prepare.prepare,
    "read_again": prepare.read_again,
    "post_card": present.post_card,
    "redraw_card": present.redraw_card,
    "file": deliver.file,
    "file_words": deliver.file_words,
    "expire": expire.expire,
    "give_back": expire.give_back,
    "not_filed": expire.not_filed,
    "tell": tell.tell,
    "crisis_due": engine.due,
    "crisis_page": engine.page,
    "crisis_redraw": engine.redraw,
    "crisis_file": filing.file,
    "crisis_watch": watchdog.watch,
    "crisis_drill": drill.begin,
    "crisis_look": looking.look,
    "crisis_read": looking.read,
    "ehr_event": ehr_doing.do,
    "conflicts": contradictions.look,
    "tell_conflicts": contradictions.tell,
    "digest": making.begin,
    "digest_make": making.make,
    "digest_post": posting.post,
    "digest_task": doing.task,
    "digest_say": doing.say,
    "referral_look": referral_looking.look,
    "referral_changed": moved.changed,
    "referral_watch": moved.watch,
    "referral_team": moved.team,
    "referral_tell": moved.tell,
    "forget": housekeeping.forget,
    "audit_anchor": housekeeping.audit_anchor,
}

FAULT = Notice(
    "Something went wrong on our side. Please look at the card before you try again; nothing is ever done twice.",
    Tone.STOP,
)
FAULTS_FORGIVEN = 5  # attempts, for a fault of ours; waiting for somebody else may take as long as it takes
NEVER_GIVEN_UP = frozenset({moves.DUE, moves.PAGE})  # the page of a crisis is tried as long as patience lasts
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class FlowDesk:
    """Implements bot.chat.Desk. A fault of ours is logged by its kind and answered in words."""

    office: Office

    async def typed(self, words: Typed) -> Reply:
        try:
            await known.fresh(self.office)
            return await intake.typed(self.office, words)
        except Exception as error:  # noqa: BLE001 - the person gets a sentence, the log gets the kind
            _log.error("typed_failed", exc_info=error)
            return FAULT

    async def press(self, press: Press) -> Reply:
        try:
            await known.fresh(self.office)
            return await VERBS[press.action](self.office, press)
        except Exception as error:  # noqa: BLE001 - as above
            _log.error("press_failed", exc_info=error, action=press.action.value)
            return FAULT

    async def home(self, who: Who) -> Home:
        try:
            await known.fresh(self.office)
            return await home.home(self.office, who)
        except Exception as error:  # noqa: BLE001 - as above
            _log.error("home_failed", exc_info=error)
            return Home("Something went wrong on our side. Please come back in a minute.", ())


def handlers(office: Office) -> dict[str, Handler]:
    return {kind: partial(_done, office, handle) for kind, handle in JOBS.items()}


async def _done(office: Office, handle: Callable[[Office, Job], Awaitable[Finish | None]], job: Job) -> Finish | None:
    try:
        return await handle(office, job)
    except Exception as error:
        if isinstance(error, Later | Never) or job.attempt < FAULTS_FORGIVEN or job.kind in NEVER_GIVEN_UP:
            raise
        _log.error("job_fault", exc_info=error, job_id=job.id, kind=job.kind)
        raise Never(type(error).__name__) from error


async def on_dead(office: Office, conn: AsyncConnection, job: Job, code: str) -> None:
    """A job gave up: what it was for says so on a screen."""
    about = trail.About("job", str(job.id))
    await trail.note(conn, office, Audited.JOB_DEAD, None, about, outcome=Outcome.FAILED, error_code=code[:100])
    match job.kind:
        case "file":
            await deliver.filing_gave_up(conn, office, job.ref, code)
        case "prepare" | "caseload":
            await prepare.gave_up(conn, office, job.ref, code)
        case "file_words":
            await deliver.words_gave_up(conn, office, job.ref)
        case "post_card":
            await present.gave_up(conn, office, job.ref)
        case _:
            pass
