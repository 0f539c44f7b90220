"""Every view is drawn so that Slack takes it, and so that nothing of it is lost or read as markup."""

import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.chat import Action, CardView, Detail, Field, Home, Notice, Option, Picker, Reply, Status, pages
from bot.slack import limits, render, wire
from bot.slack.wire import Anchor, TooLarge
from skills.kit import (
    Banner,
    Block,
    Line,
    LineKind,
    Passage,
    Row,
    Rows,
    Source,
    Sourced,
    Text,
    Title,
    Tone,
    cited,
)
from tests.fakes.block_kit import mistakes, words
from tests.fakes.views import (
    CARD,
    CARD_VIEW,
    DETAIL,
    FORM,
    HOME,
    LONG_PICKER,
    NASTY,
    NOTICE,
    PICKER,
    SOURCE,
    WHEN,
    button,
)

ANCHOR = Anchor("C1", "1.2", "1.1")
MESSAGES = [CARD_VIEW, NOTICE, PICKER, LONG_PICKER]
EVERY = [*MESSAGES, FORM, DETAIL]


def blocks_of(drawn: dict[str, Any]) -> dict[str, Any]:
    return {"blocks": drawn["blocks"]}


def squeezed(text: str) -> str:
    """Blocks end where a line or a word did, so blanks say nothing about what was lost."""
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize("view", MESSAGES, ids=lambda view: type(view).__name__)
def test_slack_takes_every_message(view: CardView | Notice | Picker) -> None:
    assert mistakes("message", blocks_of(render.message(view))) == []


@pytest.mark.parametrize("reply", EVERY, ids=lambda view: type(view).__name__)
def test_slack_takes_every_modal(reply: Reply) -> None:
    assert mistakes("modal", render.modal(reply, ANCHOR)) == []


def test_slack_takes_the_home_tab() -> None:
    drawn = render.home(HOME)
    assert mistakes("home", drawn) == []
    assert "Nothing." in words(drawn)


def test_the_notification_says_the_notice_and_nothing_else() -> None:
    assert render.message(CARD_VIEW)["text"] == CARD.notice


def test_the_notification_cannot_mention_or_link() -> None:
    said = render.message(Notice("<!channel> & <@U1>"))["text"]
    assert said == "&lt;!channel&gt; &amp; &lt;@U1&gt;"


@pytest.mark.parametrize("reply", EVERY, ids=lambda view: type(view).__name__)
def test_no_text_is_given_to_slack_as_markup(reply: Reply) -> None:
    assert "mrkdwn" not in str(render.modal(reply, ANCHOR))


def test_a_nasty_note_arrives_word_for_word() -> None:
    assert NASTY in words(render.message(CARD_VIEW)["blocks"])
    assert words(render.modal(DETAIL, ANCHOR)).count(NASTY) == 2


def test_each_statement_has_its_source_right_beneath_it() -> None:
    shown = [words(block) for block in render.modal(DETAIL, ANCHOR)["blocks"]]
    at = shown.index("• Reports sleeping five hours a night.")
    assert shown[at + 1] == "Progress note, 11/20/2026, Dana Reyes, LCSW, line 4"


def test_a_person_s_own_words_are_marked_as_such() -> None:
    shown = [words(block) for block in render.modal(DETAIL, ANCHOR)["blocks"]]
    at = shown.index("✎ In my own words.")
    assert shown[at + 1] == "A person's own words, without a source."


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (SOURCE, "Progress note, 11/20/2026, Dana Reyes, LCSW, line 4"),
        (Source("Observation/1", "1", "PHQ-9 total", date(2026, 3, 2)), "PHQ-9 total, 03/02/2026"),
        (Source("Flag/1", "1", "Alert"), "Alert, undated"),
    ],
)
def test_a_source_is_cited_by_what_it_is_when_and_who(source: Source, text: str) -> None:
    assert cited(source) == text


def test_a_redraw_has_new_block_ids() -> None:
    before = render.message(CARD_VIEW)["blocks"]
    after = render.message(replace(CARD_VIEW, status=Status(Tone.DONE, "Filed.")))["blocks"]
    assert not {block["block_id"] for block in before} & {block["block_id"] for block in after}


def test_ids_hold_no_words_of_the_card() -> None:
    carried = [*_ids(render.message(CARD_VIEW)), *_ids(render.modal(DETAIL, ANCHOR)), *_ids(render.modal(FORM, ANCHOR))]
    assert carried
    assert not [each for each in carried if "Dana" in each or "C-102" in each or "Tom" in each]


def _ids(node: Any) -> list[str]:
    if isinstance(node, list):
        return [each for item in node for each in _ids(item)]
    if not isinstance(node, dict):
        return []
    own = [
        str(node[key]) for key in ("block_id", "action_id", "value", "private_metadata", "callback_id") if key in node
    ]
    return [*own, *(each for value in node.values() for each in _ids(value))]


def test_at_most_three_buttons_stand_in_a_row() -> None:
    rows = [len(block["elements"]) for block in render.message(CARD_VIEW)["blocks"] if block["type"] == "actions"]
    assert rows == [3, 1]


def test_a_long_picker_keeps_every_option_in_groups_of_a_hundred() -> None:
    [menu] = [block for block in render.message(LONG_PICKER)["blocks"] if block["type"] == "actions"]
    groups = menu["elements"][0]["option_groups"]
    assert [len(group["options"]) for group in groups] == [100, 100, 50]
    assert groups[0]["label"]["text"] == "C-101 – C-200"


def test_a_picker_without_options_says_so() -> None:
    drawn = render.message(Picker("Which client?", (), "r-1"))
    assert mistakes("message", blocks_of(drawn)) == []
    assert "There is nothing to choose from." in words(drawn["blocks"])


def test_ten_thousand_options_and_more_take_a_second_menu() -> None:
    many = Picker("Which?", tuple(Option(f"o{n}", f"C-{n}") for n in range(10_050)), "r-1")
    drawn = render.message(many)
    assert mistakes("message", blocks_of(drawn)) == []
    assert "C-10049" in words(drawn["blocks"])


def test_a_card_that_nobody_paged_says_what_it_leaves_out_and_keeps_its_buttons() -> None:
    card = replace(CARD, summary=tuple(Text(f"line {n}") for n in range(80)))
    drawn = render.message(replace(CARD_VIEW, card=card))
    assert mistakes("message", blocks_of(drawn)) == []
    assert render.MORE_ON_CARD in words(drawn["blocks"])
    assert "Waiting for a decision until 16:30." in words(drawn["blocks"])
    assert drawn["blocks"][-1]["type"] == "actions"


def test_a_form_with_too_many_fields_is_never_cut() -> None:
    crowded = replace(FORM, fields=tuple(Field(f"f{n}", "Field") for n in range(120)))
    with pytest.raises(TooLarge):
        render.modal(crowded, ANCHOR)


def test_a_form_shows_its_error_and_each_field_s_error() -> None:
    shown = words(render.modal(FORM, ANCHOR))
    assert "⛔ Nothing was saved yet." in shown
    assert "⛔ Say why in a few words." in shown


def test_a_short_text_that_may_grow_long_has_room_to_go_on() -> None:
    form = replace(FORM, fields=(Field("plan", "Plan", "short", max_length=9000),))
    inputs = [block for block in render.modal(form, ANCHOR)["blocks"] if block["type"] == "input"]
    assert [block["label"]["text"] for block in inputs] == ["Plan (1 of 2)", "Plan (2 of 2)"]
    assert [block["optional"] for block in inputs] == [False, True]


LONG = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60).flatmap(
    lambda piece: st.integers(1, 400).map(lambda times: piece * times)
)
WORDS = st.one_of(st.text(max_size=200), LONG)


def test_an_emoji_counts_twice_as_it_does_for_slack() -> None:
    assert limits.width("a😀") == 3
    assert [len(piece) for piece in limits.chunks("😀" * 2000, 3000)] == [1500, 500]


@given(LONG, st.integers(1, 4000))
def test_chunks_lose_no_character(text: str, limit: int) -> None:
    pieces = limits.chunks(text, max(limit, 2))
    assert "".join(pieces) == text
    assert all(limits.width(piece) <= max(limit, 2) for piece in pieces)


@settings(deadline=None)
@given(LONG, st.integers(0, 9999))
def test_a_long_field_comes_back_as_it_was(text: str, max_length: int) -> None:
    form = replace(FORM, fields=(Field("plan", "Plan", text, max_length=max_length), Field("why", "Why")))
    view = render.modal(form, ANCHOR)
    assert mistakes("modal", view) == []
    state = {
        block["block_id"]: {wire.WORDS: {"value": block["element"].get("initial_value")}}
        for block in reversed(view["blocks"])
        if block["type"] == "input"
    }
    meant = wire.read_form(view["private_metadata"], state)
    assert meant.values == {"plan": text, "why": ""}
    assert (meant.action, meant.subject, meant.version) == (Action.SAVE_EDIT, "d-1", 3)


SOURCES = st.builds(
    Source,
    st.just("DocumentReference/n1"),
    st.just("1"),
    st.text(max_size=60),
    st.one_of(st.none(), st.just(WHEN), st.dates()),
    st.one_of(st.none(), st.text(max_size=60)),
    st.one_of(st.none(), st.integers(1, 5000)),
)
LINES = st.builds(Line, WORDS, st.lists(SOURCES, max_size=25).map(tuple), st.sampled_from(LineKind))
PASSAGES = st.builds(Passage, st.sampled_from("abc"), st.text(max_size=150), st.lists(LINES, max_size=30).map(tuple))
ROWS = st.builds(Rows, st.lists(st.builds(Row, st.text(max_size=60), WORDS), max_size=30).map(tuple))
BLOCKS: st.SearchStrategy[Block] = st.one_of(
    st.builds(Title, st.text(max_size=400)),
    st.builds(Text, WORDS),
    st.builds(Banner, st.sampled_from(Tone), WORDS),
    ROWS,
    st.builds(Sourced, PASSAGES),
)


@settings(deadline=None, max_examples=60)
@given(st.lists(BLOCKS, max_size=8))
def test_whatever_a_skill_says_slack_takes_the_pages_and_shows_all_of_it(blocks: list[Block]) -> None:
    made = pages(blocks, lines=limits.PAGE_LINES, characters=limits.PAGE_CHARACTERS)
    shown = ""
    for number, page in enumerate(made, start=1):
        more = button(Action.REVIEW, "Next page", values={"page": "2"})
        view = render.modal(Detail("Handoff C-102", page, (more, more), number, len(made), "d-1"), ANCHOR)
        assert mistakes("modal", view) == []
        assert render.MORE_ON_PAGE not in words(view)
        shown += words(view)
    for text in _said(blocks):
        assert squeezed(text) in squeezed(shown)


def _said(blocks: list[Block]) -> list[str]:
    found: list[str] = []
    for block in blocks:
        match block:
            case Rows(rows=rows):
                found += [text for row in rows for text in (row.label, row.value)]
            case Sourced(passage=passage):
                found += [line.text for line in passage.lines]
                found += [cited(source) for line in passage.lines for source in line.sources]
            case Title(text=text) | Text(text=text) | Banner(text=text):
                found.append(text)
    return [text for text in found if text.strip()]


@settings(deadline=None, max_examples=60)
@given(st.lists(BLOCKS, max_size=12), WORDS)
def test_a_card_of_any_blocks_is_one_that_slack_takes(blocks: list[Block], status: str) -> None:
    view = replace(CARD_VIEW, card=replace(CARD, summary=tuple(blocks)), status=Status(Tone.INFO, status))
    assert mistakes("message", blocks_of(render.message(view))) == []


@settings(deadline=None)
@given(WORDS, st.text(max_size=200), WORDS)
def test_any_notice_picker_and_home_is_one_that_slack_takes(text: str, label: str, status: str) -> None:
    notice = Notice(text, Tone.STOP, (replace(NOTICE.buttons[0], label=label),))
    picker = Picker(text, (Option("o1", label),), "r-1")
    lines = tuple(replace(HOME.sections[0][1][0], label=label, status=status) for _ in range(60))
    assert mistakes("message", blocks_of(render.message(notice))) == []
    assert mistakes("message", blocks_of(render.message(picker))) == []
    assert mistakes("home", render.home(Home(text, ((label, lines), (label, ()))))) == []
