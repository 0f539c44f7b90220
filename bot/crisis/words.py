"""Words with an escalation's code, typed where buttons fail: `ack E-17`, `hand over E-17 to osei`, `why E-17`."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from bot.chat import Action, Notice, Press, Reply, Typed
from bot.clinic import StaffMember
from bot.crisis import buttons, calling, drafting, verbs
from bot.crisis.verbs import From
from bot.flow.office import Office

SAID: Final = re.compile(
    r"/?\s*(?P<verb>ack(?:nowledge)?|approve|call me|why|hand over|accept|decline|not a crisis|confirm"
    r"|disposition|assess|close)"
    r"[\s:]+(?P<code>e-?\d{1,9})\b[\s:,.]*(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
ANSWERING_WORDS: Final = frozenset({"ack", "acknowledge", "call me", "accept", "decline"})
ANSWERING: Final = frozenset({Action.CRISIS_ACK, Action.CRISIS_CALL, Action.CRISIS_ACCEPT, Action.CRISIS_DECLINE})
CODE_ALONE: Final = re.compile(r"/?\s*(?P<code>e-\d{1,9})\s*\.?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Said:
    """`rest` is what follows the code."""

    verb: str
    code: str
    rest: str


def said(text: str) -> Said | None:
    """None: these words are about something else. A code by itself asks how it stands."""
    words = " ".join(text.split())
    if found := SAID.fullmatch(words):
        return Said(found["verb"].casefold(), found["code"].upper(), found["rest"].strip())
    alone = CODE_ALONE.fullmatch(words)
    return Said("why", alone["code"].upper(), "") if alone else None


def answers_a_page(doing: Typed | Press) -> bool:
    """A call, or the answer to one: taken from whoever is known here even while their platform cannot be asked.

    What is said back names an alias and a code and nothing else.
    """
    if isinstance(doing, Press):
        return doing.action in ANSWERING
    what = said(doing.text)
    return calling.asks(doing.text) or (what is not None and what.verb in ANSWERING_WORDS)


async def heard(office: Office, words: Typed) -> Reply | None:
    """None: neither a call nor a code in them, or from a stranger, whom intake refuses."""
    staff, what = office.people.by_chat(words.who), said(words.text)
    if staff is not None and calling.asks(words.text):
        return await calling.called(office, staff, words)
    return await _answer(office, staff, words, what) if staff is not None and what is not None else None


async def _answer(office: Office, staff: StaffMember, words: Typed, what: Said) -> Reply:
    at = From(words.who, words.place)
    if what.verb == "approve":
        return await _approve(office, words, what.code)
    if what.verb == "hand over":
        to = re.sub(r"(?i)^to\s+", "", what.rest)
        return await verbs.hand_over(office, staff, what.code, to, at)
    if what.verb == "not a crisis":
        return await verbs.not_a_crisis(office, staff, what.code, what.rest, at)
    if what.verb == "assess":
        return await buttons.assessed(office, staff, what.code, what.rest, at)
    if what.verb == "disposition":
        return await buttons.disposition_form(office, staff, what.code, at)
    return await PLAIN[what.verb](office, staff, what.code, at)


async def _approve(office: Office, words: Typed, code: str) -> Reply:
    """The code typed is the step-up. Deciding lies above this module, so it comes with `Office.approve_crisis`."""
    async with office.db.read() as conn:
        draft_id = await drafting.waiting(conn, code)
    if office.approve_crisis is None or draft_id is None:
        return Notice(f"There is nothing to approve for {code}.")
    return await office.approve_crisis(office, words, draft_id, code)


PLAIN: Final[Mapping[str, Callable[[Office, StaffMember, str, From], Awaitable[Notice]]]] = {
    "ack": verbs.acknowledge,
    "acknowledge": verbs.acknowledge,
    "call me": verbs.call_me,
    "why": verbs.why,
    "accept": verbs.accept,
    "decline": verbs.decline,
    "confirm": verbs.confirm_not_a_crisis,
    "close": verbs.close,
}
