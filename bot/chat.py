"""The port of a chat platform, and the few things that cross it. After `inbound` nobody can tell Slack from Teams.

In:   a `Typed` (someone typed words) or a `Press` (someone pressed a button or sent a form).
Out:  a view: `CardView`, `Picker`, `Form`, `Detail`, `Notice`, `Home`. Each platform draws all six.

What may stand where: `CardView.card.summary`, `Notice` and the labels of buttons are minimum necessary, for a channel.
`Detail`, `Form`, `Picker` and `Home` are for the one person who asked and are never posted to a channel.
Ids on buttons are opaque: a subject and a version, nothing else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol

from skills.kit import Block, Card, Line, Passage, Picture, Rows, Sourced, Tone


class Platform(StrEnum):
    SLACK = "slack"
    TEAMS = "teams"
    WEB = "web"


@dataclass(frozen=True, slots=True)
class Who:
    """A chat identity by immutable ids. `tenant`: Slack enterprise or team id, Entra tenant id, "console"."""

    platform: Platform
    tenant: str
    user: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is said. `personal` is a one-to-one conversation between the bot and one person."""

    platform: Platform
    tenant: str
    conversation: str
    personal: bool = False
    thread: str | None = None


class Action(StrEnum):
    """Everything a button can mean. The value is the wire name on every platform."""

    PICK = "pick"  # choose one option of a Picker; values: {"choice": option value}
    REVIEW = "review"  # show the detail to me; values: {"page": "1"}
    SOURCES = "sources"  # each line beside the words of its sources, to me; values: {"page": "1"}
    SHOW = "show"  # the card itself again, where a form or a detail took its place; decides nothing, answers a CardView
    APPROVE = "approve"
    EDIT = "edit"  # asks for the edit form
    SAVE_EDIT = "save_edit"  # the edit form; values: {passage key: words}
    REJECT = "reject"  # asks for the reason form
    SAVE_REJECT = "save_reject"  # values: {"reason": words}
    ACCEPT = "accept"  # asks for the read-back form
    SAVE_ACCEPT = "save_accept"  # values: {"read_back": words, "questions": words}
    ASK = "ask"
    SAVE_ASK = "save_ask"  # values: {"question": words}
    ANSWER = "answer"
    SAVE_ANSWER = "save_answer"  # values: {"answer": words}
    RECALL = "recall"
    SAVE_RECALL = "save_recall"  # values: {"reason": words}
    RETRY = "retry"  # filing failed: try again now
    BREAK_GLASS = "break_glass"  # asks for the reason form
    SAVE_BREAK_GLASS = "save_break_glass"  # values: {"reason": words}
    CONFLICTS = "conflicts"  # show the prescriber what was found between sources; values: {"page": "1"}
    OVERRIDE = "override"  # why one finding may stand; values: {"reason": one of four}
    SAVE_APPROVE = "save_approve"  # the code of an escalation typed again; values: {"code": words}
    # Of an escalation; the subject is its code
    CRISIS_ACK = "crisis_ack"
    CRISIS_DETAIL = "crisis_detail"
    CRISIS_CALL = "crisis_call"
    CRISIS_GIVE = "crisis_give"  # asks to whom
    CRISIS_SAVE_GIVE = "crisis_save_give"  # values: {"choice": staff id}
    CRISIS_ACCEPT = "crisis_accept"
    CRISIS_DECLINE = "crisis_decline"
    CRISIS_DOUBT = "crisis_doubt"  # asks why it is not a crisis
    CRISIS_SAVE_DOUBT = "crisis_save_doubt"  # values: {"reason": words}
    CRISIS_CONFIRM = "crisis_confirm"  # the second person: not a crisis
    CRISIS_ASSESS = "crisis_assess"  # asks for the level
    CRISIS_SAVE_ASSESS = "crisis_save_assess"  # values: {"choice": level}
    CRISIS_DISPOSE = "crisis_dispose"  # asks for the disposition form
    CRISIS_SAVE_DISPOSE = "crisis_save_dispose"  # values: as the form
    CRISIS_CLOSE = "crisis_close"
    # Of a digest; the subject names it and one of its lines, or its team
    DIGEST_OPEN = "digest_open"  # all lines for me; values: {"page": "1"}
    DIGEST_LINE = "digest_line"  # one line and all that can be done about it
    DIGEST_TASK = "digest_task"  # asks for the task
    DIGEST_SAVE_TASK = "digest_save_task"  # values: {"what": words, "owner": who, "due": day}
    DIGEST_TELL = "digest_tell"  # ask its owner to look
    DIGEST_SNOOZE = "digest_snooze"  # asks for how long and why
    DIGEST_SAVE_SNOOZE = "digest_save_snooze"  # values: {"days": number, "reason": words}
    DIGEST_USELESS = "digest_useless"
    DIGEST_RETIRE = "digest_retire"  # values: {"kind": of the lines}
    DIGEST_KEEP = "digest_keep"  # values: as above
    DIGEST_RESTORE = "digest_restore"  # values: as above
    # Of a referral; the subject names it
    REFERRAL_OPEN = "referral_open"
    REFERRAL_NUDGE = "referral_nudge"  # asks for the draft of a message to the receiver
    REFERRAL_MARK = "referral_mark"  # asks what happened
    REFERRAL_SAVE_MARK = "referral_save_mark"  # values: as the form
    REFERRAL_REASSIGN = "referral_reassign"  # asks to whom
    REFERRAL_SAVE_REASSIGN = "referral_save_reassign"  # values: {"owner": who}
    REFERRAL_CLOSE = "referral_close"  # asks why
    REFERRAL_SAVE_CLOSE = "referral_save_close"  # values: {"reason": words}


class Style(StrEnum):
    PLAIN = "plain"
    PRIMARY = "primary"
    DANGER = "danger"


@dataclass(frozen=True, slots=True)
class Confirm:
    """Asked before the press counts, where the platform can; others ignore it and the flow still checks everything."""

    title: str  # <= 100
    text: str  # <= 300
    yes: str  # <= 24
    no: str = "Back"


@dataclass(frozen=True, slots=True)
class Button:
    """`subject` and `version` are opaque and come back in the Press. `opens` says that a Form or Detail will follow."""

    action: Action
    label: str  # <= 24 characters
    subject: str
    version: int
    style: Style = Style.PLAIN
    confirm: Confirm | None = None
    opens: bool = False
    values: Mapping[str, str] = field(default_factory=dict)  # small constants such as {"page": "2"}; never PHI


@dataclass(frozen=True, slots=True)
class Status:
    """One line about where the draft stands: "approved by Dana Reyes, LCSW at 14:02, not filed yet"."""

    tone: Tone
    text: str


@dataclass(frozen=True, slots=True)
class CardView:
    """A posted card. Draw: card.summary, then the status, then the buttons. Notification text: `card.notice` only."""

    card: Card
    status: Status
    buttons: tuple[Button, ...] = ()
    draft_id: str = ""
    version: int = 0


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence or two to one person or a channel. No PHI beyond an alias."""

    text: str
    tone: Tone = Tone.INFO
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class Option:
    value: str  # opaque, <= 75
    label: str  # <= 75


@dataclass(frozen=True, slots=True)
class Picker:
    """Choose one. Private to the person who asked. Over 100 options are grouped or paged by the platform."""

    prompt: str
    options: tuple[Option, ...]
    subject: str
    version: int = 0
    action: Action = Action.PICK


@dataclass(frozen=True, slots=True)
class Field:
    key: str
    label: str
    value: str = ""
    multiline: bool = True
    required: bool = True
    hint: str = ""
    max_length: int = 3000
    error: str = ""  # set when the form comes back: what is wrong with this field, in words


@dataclass(frozen=True, slots=True)
class Form:
    """Asks one person for words. Submitting it is a Press with `action`, `subject`, `version` and the values by key."""

    action: Action
    title: str  # <= 24 characters
    intro: str
    fields: tuple[Field, ...]
    submit: str  # <= 24 characters
    subject: str
    version: int
    error: str = ""


def sent_back(form: Form, typed: Mapping[str, str], wrong: Mapping[str, str], error: str = "") -> Form:
    """The form with every word that was typed, and what is wrong with which field, or with all of it."""
    fields = tuple(
        replace(one, value=typed.get(one.key, one.value), error=wrong.get(one.key, "")) for one in form.fields
    )
    return replace(form, fields=fields, error=error or form.error)


@dataclass(frozen=True, slots=True)
class Detail:
    """The whole content, for one authorised person, page by page. The next page is one of the `buttons`."""

    title: str  # <= 24 characters
    blocks: tuple[Block, ...]
    buttons: tuple[Button, ...] = ()
    page: int = 1
    pages: int = 1
    subject: str = ""


@dataclass(frozen=True, slots=True)
class HomeLine:
    label: str
    status: str
    button: Button | None = None


@dataclass(frozen=True, slots=True)
class Home:
    """A person's own start page: their open drafts and what waits for them."""

    greeting: str
    sections: tuple[tuple[str, tuple[HomeLine, ...]], ...]


type Reply = CardView | Notice | Picker | Form | Detail
type Postable = CardView | Notice | Picker


@dataclass(frozen=True, slots=True)
class Typed:
    """Words typed to the bot, the command's slash or a mention already removed: `handoff C-102 to dana`.

    `key` is the platform's own id of this delivery, for deduplication (a second delivery answers as the first did).
    """

    text: str
    who: Who
    place: Place
    key: str


@dataclass(frozen=True, slots=True)
class Press:
    """A button pressed or a form sent. `values` are untrusted. `origin` is the card it was pressed on, where known."""

    action: Action
    subject: str
    version: int
    who: Who
    place: Place
    values: Mapping[str, str] = field(default_factory=dict)
    origin: "CardRef | None" = None
    key: str = field(default="", compare=False)  # the platform's own id of this delivery, where it has one


@dataclass(frozen=True, slots=True)
class CardRef:
    """Where a posted message is: enough to update it later, opaque to everyone but its platform."""

    platform: Platform
    tenant: str
    conversation: str
    message: str


class Desk(Protocol):
    """What the product answers to a platform. Implemented by bot.flow; never raises for anything a person did."""

    async def typed(self, words: Typed) -> Reply:
        """Persist the request and acknowledge it. Never reads the EHR: answers within milliseconds."""
        ...

    async def press(self, press: Press) -> Reply:
        """Act on a press and say what came of it. Bounded to about 2 s. A repeated press changes nothing and says so.

        A Form that comes back for the same action carries the errors and what the person typed: nothing is lost.
        """
        ...

    async def home(self, who: Who) -> Home:
        """The person's own page. For someone unknown: a greeting that says how to be added, and nothing else."""
        ...


class Chat(Protocol):
    """A platform to speak on. Each call may raise ChatUnavailable (try again) or ChatRefused (a person must look)."""

    platform: Platform

    async def refuses(self, place: Place) -> str | None:
        """A sentence why nothing about clients may stand there just now: outsiders could read along. None: it may.

        Asked before each post and redraw. Raises ChatUnavailable when it cannot be known: then nothing is posted yet.
        """
        ...

    async def post(self, view: Postable, to: Place, *, key: str) -> CardRef:
        """Post once. `key` is opaque and stable per intended message: put it into the platform's message metadata."""
        ...

    async def find(self, place: Place, *, key: str) -> CardRef | None:
        """The message posted there with `key`, when its answer may have been lost. None: not there, or not to be known.

        Looks at the last few messages only, and removes further copies where it can. Never raises.
        """
        ...

    async def replace(self, ref: CardRef, view: CardView | Notice) -> CardRef:
        """Redraw a posted message. Returns where it is now (some platforms must post anew)."""
        ...

    async def whisper(self, view: Postable, to: Who, at: Place) -> None:
        """Say it to one person only, beside the conversation where the platform can, else one-to-one."""
        ...

    async def personal(self, who: Who) -> Place:
        """The one-to-one conversation with this person, created when there is none."""
        ...


class ChatUnavailable(Exception):
    """The platform did not answer or said to wait. `retry_after_s` None: choose."""

    def __init__(self, message: str, *, retry_after_s: float | None = None, sent: bool = False) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.sent = sent  # True: it may have been posted and the answer was lost


class ChatRefused(Exception):
    """The platform declined (channel gone, bot removed). `dead` True: never try this conversation again."""

    def __init__(self, message: str, *, dead: bool = False) -> None:
        super().__init__(message)
        self.dead = dead


class Conversations(Protocol):
    """Remembers how to reach a conversation. `address` is the platform's own business and never holds PHI."""

    async def remember(self, place: Place, *, who: Who | None, address: Mapping[str, str]) -> None:
        """Keep or refresh. `who` is the person on the other side of a personal conversation. Revives a dead one."""
        ...

    async def address(self, place: Place) -> Mapping[str, str] | None:
        """None when unknown or dead."""
        ...

    async def personal(self, who: Who) -> Place | None:
        """The living one-to-one conversation with this person, or None."""
        ...

    async def bury(self, place: Place) -> None:
        """The platform said that it is gone: not used again until `remember`."""
        ...


def pages(blocks: Sequence[Block], *, lines: int, characters: int) -> tuple[tuple[Block, ...], ...]:
    """Split into pages of at most `lines` statements and about `characters` characters, never inside a statement.

    A single statement longer than a page stands alone on its page. [] gives one empty page.
    """
    done: list[tuple[Block, ...]] = []
    page: list[Block] = []
    room_lines, room_chars = lines, characters
    for piece in (piece for block in blocks for piece in _pieces(block)):
        cost = _length(piece)
        if page and (room_lines < 1 or room_chars < cost):
            done.append(_joined(page))
            page, room_lines, room_chars = [], lines, characters
        page.append(piece)
        room_lines, room_chars = room_lines - 1, room_chars - cost
    return (*done, _joined(page)) if page or not done else tuple(done)


def _pieces(block: Block) -> list[Block]:
    match block:
        case Sourced(passage=passage) if passage.lines:
            return [Sourced(replace(passage, lines=(line,))) for line in passage.lines]
        case Rows(rows=rows):
            return [Rows((row,)) for row in rows]
        case _:
            return [block]


def _length(block: Block) -> int:
    match block:
        case Sourced(passage=passage):
            return sum(len(line.text) + 80 * max(1, len(line.sources)) for line in passage.lines)
        case Rows(rows=rows):
            return sum(len(row.label) + len(row.value) for row in rows)
        case Picture(alt=alt, table=table):
            return len(alt) + sum(len(row.label) + len(row.value) for row in table)
        case _:
            return len(block.text)


def _joined(page: Sequence[Block]) -> tuple[Block, ...]:
    out: list[Block] = []
    for piece in page:
        match out[-1] if out else None, piece:
            case Sourced(passage=before), Sourced(passage=after) if before.key == after.key:
                out[-1] = Sourced(_with_lines(before, (*before.lines, *after.lines)))
            case Rows(rows=before_rows), Rows(rows=after_rows):
                out[-1] = Rows((*before_rows, *after_rows))
            case _:
                out.append(piece)
    return tuple(out)


def _with_lines(passage: Passage, lines: tuple[Line, ...]) -> Passage:
    return replace(passage, lines=lines)
