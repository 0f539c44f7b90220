"""What differs between two readings, and what becomes of a person's words. Pure, so for any texts."""

from hypothesis import given
from hypothesis import strategies as st

from bot.flow.accept import copied
from bot.flow.changes import changed_sources, renew
from skills.kit import DraftText, Line, LineKind, Passage

KEYS = ("one", "two", "three")
LINES = st.lists(st.sampled_from("abcdefg"), max_size=4)
TEXTS = st.fixed_dictionaries(dict.fromkeys(KEYS, LINES))


def text(lines: dict[str, list[str]]) -> DraftText:
    return DraftText(
        "H",
        tuple(Passage(k, k.title(), tuple(Line(line) for line in v)) for k in KEYS if (v := lines.get(k)) is not None),
    )


@given(TEXTS, TEXTS)
def test_without_edits_the_fresh_text_stands_and_every_difference_is_named(
    old: dict[str, list[str]], new: dict[str, list[str]]
) -> None:
    renewed = renew(text(old), text(old), text(new))
    assert renewed.text == text(new)
    assert bool(renewed.changes) == (old != new)
    for key in KEYS:
        for line in set(new[key]) - set(old[key]):
            assert f"{key.title()}, now: “{line}”" in renewed.changes
        for line in set(old[key]) - set(new[key]):
            assert f"{key.title()}, no longer: “{line}”" in renewed.changes


@given(TEXTS, TEXTS, st.sampled_from(KEYS))
def test_an_edit_is_kept_or_set_aside_where_everybody_sees_it(
    old: dict[str, list[str]], new: dict[str, list[str]], key: str
) -> None:
    edited = text(old).edited({key: "My words."})
    renewed = renew(text(old), edited, text(new))
    kept = next(p for p in renewed.text.passages if p.key == key)
    if old[key] == new[key]:
        assert kept.plain() == "My words."
    else:
        assert kept.plain() == "\n".join(new[key])
        assert any("your wording was set aside" in change and "My words." in change for change in renewed.changes)


def test_a_section_that_is_gone_is_named_and_so_are_the_words_in_it() -> None:
    old = text({"one": ["a"], "two": ["b"]})
    renewed = renew(old, old.edited({"two": "My words."}), text({"one": ["a"]}))
    assert any("no longer in the draft" in change for change in renewed.changes)
    assert any("My words." in change for change in renewed.changes)


@given(TEXTS, st.lists(st.sampled_from("abcxyz"), max_size=5))
def test_an_edited_line_is_known_or_the_editors(old: dict[str, list[str]], words: list[str]) -> None:
    edited = text(old).edited({"one": "\n".join(words)})
    passage = edited.passages[0]
    assert [line.text for line in passage.lines] == words
    for line in passage.lines:
        assert (line.kind is LineKind.EDITED) == (line.text not in old["one"])
    assert edited.passages[1:] == text(old).passages[1:]


def test_sources_are_counted_in_words() -> None:
    old, new = {"a": "1", "b": "1", "c": "1"}, {"a": "1", "b": "2", "d": "1", "e": "1"}
    assert changed_sources(old, new) == (
        "2 entries are new in the chart.",
        "1 entry is no longer in the chart.",
        "1 entry is changed in the chart.",
    )


def test_a_copy_is_known_in_any_order_and_a_quotation_is_none() -> None:
    handoff = "Sertraline raised three weeks ago. She missed the joint session last week. Next visit on Friday at ten."
    assert copied(handoff, handoff)
    assert copied("Next visit on Friday at ten. Sertraline raised three weeks ago.", handoff)
    assert not copied("I will see her on Friday, ask about sleep on the new dose, and plan the joint session.", handoff)
    assert not copied("", handoff)


def test_a_model_that_words_it_otherwise_is_no_change_of_the_chart() -> None:
    chart, before, now = text({"one": ["a"], "two": ["b"]}), text({"one": ["A."]}), text({"one": ["An a."]})
    assert renew(before, before, now, templates=(chart, chart)).changes == ()


def test_an_edit_stays_when_only_the_models_words_differ() -> None:
    chart, before, now = text({"one": ["a"]}), text({"one": ["A."]}), text({"one": ["An a."]})
    renewed = renew(before, before.edited({"one": "My words."}), now, templates=(chart, chart))
    assert renewed.text.passages[0].plain() == "My words."
    changed = renew(before, before.edited({"one": "My words."}), now, templates=(chart, text({"one": ["c"]})))
    assert changed.text.passages[0].plain() == "An a."
    assert any("your wording was set aside" in change for change in changed.changes)
