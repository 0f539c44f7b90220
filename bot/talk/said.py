"""What a plain sentence becomes: the same message with a command's words, or a sentence back. Does nothing itself."""

from dataclasses import replace
from typing import Final

from bot.chat import Notice, Reply, Typed
from bot.crisis.calling import HINT
from bot.flow import rooms
from bot.flow.office import Office
from bot.privacy import legal
from bot.talk.parser import RISK, Name, Unclear, meant
from skills.kit import Tone

SOUNDS_LIKE_RISK: Final = Notice(
    "That sounds as if somebody could be at risk. Nothing was paged yet.\n"
    f"{HINT}\nIn immediate danger call 911; 988 is there for advice.",
    Tone.STOP,
)


ALIAS_ALONE: Final = "To go on with a command, write it with the client's alias and nothing else."


def beside(words: Typed) -> Notice | None:
    """What is said to a command with words of risk beside it, instead of following it. None: there are none."""
    if RISK.search(words.text) is None:
        return None
    return Notice(f"{SOUNDS_LIKE_RISK.text}\n{ALIAS_ALONE}", Tone.STOP)


def heeded(words: Typed, answer: Reply) -> Reply:
    """The answer to a command; with what to do in a crisis before it, where words beside the command speak of risk."""
    if RISK.search(words.text) is None or not isinstance(answer, Notice):
        return answer
    return Notice(f"{SOUNDS_LIKE_RISK.text}\n{answer.text}", Tone.STOP)


def meaning(office: Office, words: Typed) -> Typed | Notice | None:
    """None: no sentence I know, a command already, from a stranger, or a demand of the law; intake answers those."""
    if office.people.by_chat(words.who) is None or legal.demands(words.text):
        return None
    first = words.text.strip().lstrip("/").split(None, 1)[:1]
    if first and first[0].casefold() in {name.word for name in _names(office)}:
        return None
    if RISK.search(words.text):
        return SOUNDS_LIKE_RISK
    match meant(words.text, _names(office)):
        case str() as canonical:
            return replace(words, text=canonical)
        case Unclear(sentence=sentence):
            return Notice(sentence, Tone.WARNING)
        case None:
            return None


def _names(office: Office) -> list[Name]:
    drafts = [Name(s.command.name, s.title, drafts=True) for s in office.shelf.values() if not s.approval.escalates]
    return [*drafts, *(Name(room.command.name, room.command.name, drafts=False) for room in rooms.ALL)]
