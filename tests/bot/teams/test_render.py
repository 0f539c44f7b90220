"""Every view becomes Adaptive Cards that Teams can show: small enough, whole, and with nothing in them but words."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.chat import (
    Action,
    Button,
    CardView,
    Confirm,
    Detail,
    Field,
    Form,
    Home,
    Option,
    Picker,
    Place,
    Platform,
    Press,
    Reply,
    Status,
    Who,
)
from bot.chat import pages as split
from bot.teams.elements import MESSAGE_BYTES, STATEMENT_BYTES, plain, size
from bot.teams.render import PAGE_CHARACTERS, PAGE_LINES, answer, detail, draw, form, form_parts
from skills.kit import Banner, Card, Line, Passage, Row, Rows, Source, Sourced, Text, Title, Tone
from tests.fakes.views import CARD_VIEW, DETAIL, FORM, HOME, LONG_PICKER, NASTY, NOTICE, PICKER

ALL: dict[str, Reply | Home] = {
    "card": CARD_VIEW,
    "notice": NOTICE,
    "picker": PICKER,
    "long picker": LONG_PICKER,
    "form": FORM,
    "detail": DETAIL,
    "home": HOME,
}
WHO = Who(Platform.TEAMS, "t", "u")
PRESS = Press(Action.EDIT, "d-1", 3, WHO, Place(Platform.TEAMS, "t", "c"))


def parts(drawn: object) -> Iterator[dict[str, Any]]:
    """Everything in a card that is an object, from the outside in."""
    if isinstance(drawn, dict):
        yield drawn
        for value in drawn.values():
            yield from parts(value)
    elif isinstance(drawn, list | tuple):
        for value in drawn:
            yield from parts(value)


def words(drawn: object) -> list[str]:
    return [part["text"] for part in parts(drawn) if part.get("type") == "TextRun"]


@pytest.mark.parametrize("name", ALL)
def test_every_card_is_a_card_of_version_1_5_that_fits(name: str) -> None:
    for card in draw(ALL[name]):
        assert (card["type"], card["version"]) == ("AdaptiveCard", "1.5")
        assert size(card) < MESSAGE_BYTES
        assert all(len(part["actions"]) <= 6 for part in parts(card) if part.get("type") == "ActionSet")


@pytest.mark.parametrize("name", ALL)
def test_words_stand_where_nothing_reads_markdown(name: str) -> None:
    assert not [part for part in parts(draw(ALL[name])) if part.get("type") in {"TextBlock", "FactSet"}]


def test_nasty_words_come_out_as_they_went_in() -> None:
    assert any(NASTY.replace("{{", "{\u2060{") == text for text in words(detail(DETAIL)))


def test_a_date_function_is_not_computed() -> None:
    assert "{{" not in plain("{{DATE(2017-02-14T06:08:00Z,SHORT)}} {{{{")


def test_each_statement_has_its_source_beneath_it() -> None:
    said = words(detail(DETAIL))
    at = said.index("Reports sleeping five hours a night.")
    assert said[at + 1] == "Progress note, 11/20/2026, Dana Reyes, LCSW, line 4"
    assert "Not known: " in said


def test_a_source_without_time_or_author_says_only_what_is_known() -> None:
    line = Line("x", (Source("Observation/1", "1", "PHQ-9 total", date(2026, 11, 2)), Source("Plan/1", "1", "Plan")))
    said = words(detail(replace(DETAIL, blocks=(Sourced(Passage("k", "Title", (line,))),))))
    assert said[-1] == "PHQ-9 total, 11/02/2026; Plan, undated"


def test_a_button_executes_and_falls_back_to_submit_with_the_same_data() -> None:
    review = next(part for part in parts(draw(CARD_VIEW)) if part.get("verb") == Action.REVIEW)
    assert review["type"] == "Action.Execute"
    assert review["data"] == {"action": "review", "subject": "d-1", "version": 3, "values": {}}
    assert review["fallback"]["type"] == "Action.Submit"
    assert review["fallback"]["data"] == review["data"]


def test_a_confirmed_button_asks_first_and_decides_second() -> None:
    asked = next(part for part in parts(draw(CARD_VIEW)) if part.get("title") == "Approve")
    assert asked["type"] == "Action.ShowCard"
    assert "data" not in asked
    assert "Approve this handoff?" in words(asked["card"])
    assert [part["verb"] for part in parts(asked["card"]) if part.get("type") == "Action.Execute"] == ["approve"]


def test_more_than_six_buttons_stand_in_two_rows() -> None:
    many = replace(NOTICE, buttons=tuple(Button(Action.REVIEW, f"Page {n}", "d-1", 3) for n in range(8)))
    sets = [part["actions"] for part in parts(draw(many)) if part.get("type") == "ActionSet"]
    assert [len(some) for some in sets] == [6, 2]


def test_a_form_keeps_what_was_typed_and_says_what_is_wrong() -> None:
    drawn = form(FORM)
    inputs = {part["id"]: part for part in parts(drawn) if part.get("type") == "Input.Text"}
    assert inputs["input_actions"]["value"] == NASTY
    assert not inputs["input_actions"]["isRequired"]
    assert {"Nothing was saved yet.", "Say why in a few words."} <= set(words(drawn))


def test_a_field_longer_than_its_limit_is_not_cut_by_the_client() -> None:
    drawn = form(replace(FORM, fields=(Field("k", "Section", "x" * 3500),)))
    assert [part["maxLength"] for part in parts(drawn) if part.get("type") == "Input.Text"] == [3500]


def test_a_short_form_keeps_its_order() -> None:
    shown = [part["id"] for part in parts(form(FORM)) if part.get("type") == "Input.Text"]
    assert shown == ["input_patient", "input_actions", "input_reason"]


def test_a_detail_names_itself_once() -> None:
    assert [text for text in words(detail(DETAIL)) if text.startswith("Handoff C-102")] == [
        "Handoff C-102, page 1 of 2"
    ]


def test_a_long_form_comes_in_parts_that_lose_no_field() -> None:
    fields = tuple(Field(f"k{n}", f"Section {n}", "ü" * 3000) for n in range(12))
    long = replace(FORM, fields=fields)
    assert [field for part in form_parts(long) for field in part] == list(fields)
    shown, asked = [], PRESS
    for _ in form_parts(long):
        drawn = answer(long, asked)
        assert size(drawn) < MESSAGE_BYTES
        shown += [part["id"] for part in parts(drawn) if part.get("type") == "Input.Text"]
        following = next(part for part in parts(drawn) if part.get("verb") == Action.EDIT)
        asked = replace(PRESS, values=following["data"]["values"])
    assert shown == [f"input_k{n}" for n in range(12)]


def test_a_field_with_a_mistake_is_on_the_first_part() -> None:
    fields = tuple(Field(f"k{n}", f"Section {n}", "x" * 3000, error="Too short." if n == 11 else "") for n in range(12))
    assert form_parts(replace(FORM, fields=fields))[0][0].key == "k11"


def test_few_options_are_buttons_and_many_are_lists_that_lose_none() -> None:
    tiles = [part["data"]["values"]["choice"] for part in parts(draw(PICKER)) if part.get("type") == "Action.Execute"]
    assert tiles == [option.value for option in PICKER.options]
    cards = draw(LONG_PICKER)
    lists = [part["choices"] for part in parts(cards) if part.get("type") == "Input.ChoiceSet"]
    assert all(len(choices) <= 100 for choices in lists)
    assert [choice["value"] for choices in lists for choice in choices] == [
        option.value for option in LONG_PICKER.options
    ]


def test_a_summary_too_long_for_one_message_says_where_the_rest_is() -> None:
    rows = tuple(Row(f"Row {n}", "x" * 200) for n in range(200))
    drawn = draw(replace(CARD_VIEW, card=replace(CARD_VIEW.card, summary=(Rows(rows),))))[0]
    assert size(drawn) < MESSAGE_BYTES
    assert "The rest of this summary is in Review." in words(drawn)
    assert CARD_VIEW.status.text in words(drawn)


def test_a_statement_no_message_can_hold_is_named_and_never_cut() -> None:
    drawn = detail(replace(DETAIL, blocks=(Text("x" * 40_000),)))
    assert (
        "(This statement has 40000 characters and is too long for Teams. Read it whole in the web console.)"
        in words(drawn)
    )
    assert size(drawn) < MESSAGE_BYTES


letters = st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from('😀漢\\"*{\n\x01'))
text = st.text(letters, min_size=1, max_size=400)
short = st.text(letters, min_size=1, max_size=60)
sources = st.builds(Source, st.just("D/1"), st.just("1"), short, st.none(), st.none() | short, st.none() | st.just(4))
lines = st.builds(Line, text, st.lists(sources, max_size=4).map(tuple))
blocks = st.one_of(
    st.builds(Title, short),
    st.builds(Text, text),
    st.builds(Banner, st.sampled_from(Tone), text),
    st.builds(Rows, st.lists(st.builds(Row, short, text), max_size=8).map(tuple)),
    st.builds(Sourced, st.builds(Passage, short, short, st.lists(lines, max_size=12).map(tuple))),
)
BUTTONS = tuple(
    Button(Action.APPROVE, "😀" * 24, "d" * 40, 1, confirm=Confirm("漢" * 100, "漢" * 300, "Approve")) for _ in range(4)
)


def dense_blocks() -> tuple[tuple[Any, ...], ...]:
    """The heaviest pages there can be: four-byte characters, many sources, as many separate passages as lines."""
    source = Source("D/1", "1", "😀" * 60, None, "😀" * 60, 4)
    heavy = tuple(Sourced(Passage(f"p{n}", "😀" * 60, (Line("😀" * 70, (source,)),))) for n in range(60))
    wide = (Sourced(Passage("p", "t", (Line("😀" * 100, (source,) * 200),))),)
    alone = (Text("😀" * PAGE_CHARACTERS),)
    crowded = tuple(Rows((Row("\\" * 60, "\\" * 90),)) for _ in range(60))
    short_lines = tuple(Banner(Tone.WARNING, "x") for _ in range(90))
    broken_lines = (Text("\n".join("x" for _ in range(1400))),)
    return heavy, wide, alone, crowded, short_lines, broken_lines


@pytest.mark.parametrize("heavy", dense_blocks())
def test_the_heaviest_pages_fit(heavy: tuple[Any, ...]) -> None:
    for page in split(heavy, lines=PAGE_LINES, characters=PAGE_CHARACTERS):
        assert size(detail(Detail("T" * 24, page, BUTTONS, 1, 2, "d-1"))) < MESSAGE_BYTES


@settings(max_examples=60, deadline=None)
@given(st.lists(blocks, max_size=25).map(tuple))
def test_any_page_fits_and_no_statement_is_lost(all_blocks: tuple[Any, ...]) -> None:
    drawn = [
        detail(Detail("T", page, BUTTONS)) for page in split(all_blocks, lines=PAGE_LINES, characters=PAGE_CHARACTERS)
    ]
    assert all(size(card) < MESSAGE_BYTES for card in drawn)
    shown = words(drawn)
    for block in all_blocks:
        if isinstance(block, Sourced):
            assert all(plain(line.text) in shown for line in block.passage.lines)


def test_a_statement_just_short_enough_is_shown_whole() -> None:
    assert plain("x" * (STATEMENT_BYTES - 2)) == "x" * (STATEMENT_BYTES - 2)


def test_an_empty_card_can_still_be_drawn() -> None:
    empty = CardView(Card("n", (), ()), Status(Tone.INFO, ""), (), "d", 1)
    assert draw(empty)[0]["body"]
    assert draw(Picker("?", (), "r"))[0]["body"]
    assert draw(Form(Action.SAVE_EDIT, "t", "", (), "Save", "d", 1))[0]["body"]
    assert Option("v", "l").value == "v"
