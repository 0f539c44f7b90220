"""One of each view, with every kind of block, and texts that try to break a renderer."""

from datetime import UTC, datetime

from bot.chat import (
    Action,
    Button,
    CardView,
    Confirm,
    Detail,
    Field,
    Form,
    Home,
    HomeLine,
    Notice,
    Option,
    Picker,
    Status,
    Style,
)
from skills.kit import Banner, Card, Line, LineKind, Passage, Row, Rows, Source, Sourced, Text, Title, Tone

WHEN = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
NASTY = 'Tom & <b>"Jerry"</b> *bold* _it_ `code` <@U123> <!channel> [x](https://example.org) \\ | {{7*7}} ~s~'
SOURCE = Source("DocumentReference/n1", "1", "Progress note", WHEN, "Dana Reyes, LCSW", 4)

PASSAGE = Passage(
    "patient",
    "Patient summary",
    (
        Line("Reports sleeping five hours a night.", (SOURCE,)),
        Line(NASTY, (SOURCE,)),
        Line("Safety plan: not documented.", kind=LineKind.MISSING),
        Line("Call the school by Friday (owner: sender).", (SOURCE,), LineKind.ACTION),
        Line("In my own words.", kind=LineKind.EDITED),
    ),
)
CARD = Card(
    notice="Baton: a handoff for C-102 needs a decision",
    summary=(
        Title("Handoff C-102"),
        Banner(Tone.WARNING, "One section could not be read: medications (the EHR did not answer)."),
        Rows((Row("From", "Dana Reyes, LCSW"), Row("To", "Harbor team"), Row("Nasty", NASTY))),
        Text("12 statements, each with its source; 2 not documented."),
    ),
    detail=(Title("Handoff C-102"), Sourced(PASSAGE), Text(NASTY)),
)


def button(action: Action, label: str, **more: object) -> Button:
    return Button(action, label, "d-1", 3, **more)  # type: ignore[arg-type]  # keyword pass-through in a fake


CARD_VIEW = CardView(
    CARD,
    Status(Tone.INFO, "Waiting for a decision until 16:30."),
    (
        button(Action.REVIEW, "Review", opens=True),
        button(
            Action.APPROVE,
            "Approve",
            style=Style.PRIMARY,
            confirm=Confirm("Approve this handoff?", "It will be filed in the chart as shown.", "Approve"),
        ),
        button(Action.EDIT, "Edit", opens=True),
        button(Action.REJECT, "Reject", style=Style.DANGER, opens=True),
    ),
    "d-1",
    3,
)
NOTICE = Notice("C-102 is not on your caseload.", Tone.STOP, (button(Action.BREAK_GLASS, "Break glass", opens=True),))
PICKER = Picker("Which client?", tuple(Option(f"o{i}", f"C-{100 + i} · R. {i}") for i in range(1, 6)), "r-1")
LONG_PICKER = Picker("Which client?", tuple(Option(f"o{i}", f"C-{100 + i}") for i in range(1, 251)), "r-1")
FORM = Form(
    Action.SAVE_EDIT,
    "Edit the handoff",
    "One field per section; a line left as it is keeps its source.",
    (
        Field("patient", "Patient summary", PASSAGE.plain()),
        Field("actions", "Action list", NASTY, required=False, hint="owner, due, done when"),
        Field("reason", "Reason", multiline=False, error="Say why in a few words."),
    ),
    "Save",
    "d-1",
    3,
    error="Nothing was saved yet.",
)
DETAIL = Detail(
    "Handoff C-102",
    CARD.detail,
    (button(Action.APPROVE, "Approve"), button(Action.REVIEW, "Next page", values={"page": "2"}, opens=True)),
    1,
    2,
    "d-1",
)
HOME = Home(
    "Hello Dana.",
    (("My open drafts", (HomeLine("Handoff C-102", "waiting until 16:30", button(Action.REVIEW, "Open", opens=True)),)),
     ("Waiting for me", ())),
)  # fmt: skip
