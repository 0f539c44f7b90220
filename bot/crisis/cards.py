"""A page and its later states as people see them: one sentence without PHI, and the buttons that fit. Pure."""

from typing import assert_never

from bot.chat import Action, Button, Notice, Style
from bot.clinic import Clinic
from bot.crisis import sentences
from bot.crisis.escalation import State
from bot.crisis.records import Stored
from skills.kit import Tone


def paged(stored: Stored, text: str) -> Notice:
    """As it goes out: `text` is the page's own sentence."""
    return Notice(text, Tone.STOP, buttons(stored))


def standing(stored: Stored, clinic: Clinic) -> Notice:
    """As it stands, for everybody who was paged."""
    done = stored.now.state is State.CLOSED
    return Notice(sentences.standing(stored, clinic), Tone.DONE if done else Tone.INFO, buttons(stored))


def buttons(stored: Stored) -> tuple[Button, ...]:
    """Whoever presses is checked then; what a card offers says nothing about who may."""
    if stored.now.drill:
        return (
            () if stored.now.state is State.CLOSED else (_button(stored, Action.CRISIS_ACK, "I have it", first=True),)
        )
    detail = _button(stored, Action.CRISIS_DETAIL, "Detail", opens=True)
    call, give = _button(stored, Action.CRISIS_CALL, "Call me"), _giving(stored)
    match stored.now.state:
        case State.OPENED | State.PAGED:
            return (_button(stored, Action.CRISIS_ACK, "I have it", first=True), detail, call, _doubt(stored))
        case State.ACKNOWLEDGED:
            assess = _button(stored, Action.CRISIS_ASSESS, "Assess", first=True, opens=True)
            return (assess, detail, *give, call, _doubt(stored))
        case State.ASSESSED:
            dispose = _button(stored, Action.CRISIS_DISPOSE, "Disposition", first=True, opens=True)
            return (dispose, detail, *give, _doubt(stored))
        case State.DISPOSITION:
            return (detail, *give)
        case State.DOCUMENTED:
            return (_button(stored, Action.CRISIS_CLOSE, "Close", first=True), detail, *give)
        case State.CLOSED:
            return (detail,)
        case _:
            assert_never(stored.now.state)


def _giving(stored: Stored) -> tuple[Button, ...]:
    if stored.now.offered_to is None:
        return (_button(stored, Action.CRISIS_GIVE, "Hand over", opens=True),)
    return (_button(stored, Action.CRISIS_ACCEPT, "Accept"), _button(stored, Action.CRISIS_DECLINE, "Decline"))


def _doubt(stored: Stored) -> Button:
    """It closes nothing: the second person's button takes the place of the first one's."""
    if stored.now.dismissed_by is None:
        return _button(stored, Action.CRISIS_DOUBT, "Not a crisis", opens=True)
    return _button(stored, Action.CRISIS_CONFIRM, "Confirm: no crisis")


def _button(stored: Stored, action: Action, label: str, *, first: bool = False, opens: bool = False) -> Button:
    """No version: an answer counts whatever happened meanwhile, and the machine says what it came to."""
    style = Style.PRIMARY if first else Style.PLAIN
    return Button(action, label, stored.code, 0, style, opens=opens)
