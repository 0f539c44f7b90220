"""A desk that answers from a script and remembers what it was asked."""

from dataclasses import dataclass, field

from bot.chat import Action, Home, Notice, Press, Reply, Typed, Who
from tests.fakes.views import CARD_VIEW, DETAIL, FORM, HOME, NOTICE, PICKER


@dataclass
class FakeDesk:
    """`answers` by action; typed words "picker" and "nothing" answer so; everything else is acknowledged."""

    answers: dict[Action, Reply] = field(
        default_factory=lambda: {
            Action.REVIEW: DETAIL,
            Action.EDIT: FORM,
            Action.SAVE_EDIT: CARD_VIEW,
            Action.APPROVE: CARD_VIEW,
            Action.REJECT: FORM,
            Action.PICK: Notice("Reading the chart of C-102."),
        }
    )
    typed_words: list[Typed] = field(default_factory=list)
    presses: list[Press] = field(default_factory=list)
    fails: bool = False

    async def typed(self, words: Typed) -> Reply:
        self.typed_words.append(words)
        if self.fails:
            raise RuntimeError("planted")
        match words.text:
            case "picker":
                return PICKER
            case "nothing":
                return NOTICE
            case _:
                return Notice("Working on it.")

    async def press(self, press: Press) -> Reply:
        self.presses.append(press)
        if self.fails:
            raise RuntimeError("planted")
        return self.answers.get(press.action, NOTICE)

    async def home(self, who: Who) -> Home:
        return HOME
