"""Splitting a note loses nothing, invents nothing, and knows the four note forms."""

from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skills.kit.notes import Part, sentences, stretches

NOTE_TEXT = st.text(
    alphabet=st.one_of(st.sampled_from("ABab .!?:\"“”'()-#*1 \n\r\t\u2028\u0085"), st.characters(codec="utf-8")),
    max_size=200,
)


@given(NOTE_TEXT)
def test_each_sentence_stands_in_the_line_it_names(note: str) -> None:
    lines = note.splitlines()
    assert all(each.text and each.text in lines[each.line - 1] for each in sentences(note))


@given(NOTE_TEXT)
def test_a_line_is_its_sentences_and_the_blanks_between(note: str) -> None:
    for line in note.splitlines():
        pieces = "".join(line[begin:end] for begin, end in stretches(line))
        assert "".join(pieces.split()) == "".join(line.split())


@given(NOTE_TEXT)
def test_sentences_come_in_order_and_never_overlap(note: str) -> None:
    for line in note.splitlines():
        ends = [0]
        for begin, end in stretches(line):
            assert ends[-1] <= begin < end <= len(line)
            ends.append(end)


FORMS = [
    ("Data: x.\nAssessment: y.\nPlan: z.", [Part.DATA, Part.ASSESSMENT, Part.PLAN]),
    ("S: x.\nO: y.\nA: z.\nP: w.", [Part.DATA, Part.DATA, Part.ASSESSMENT, Part.PLAN]),
    ("B: x.\nI: y.\nR: z.\nP: w.", [Part.DATA, Part.INTERVENTION, Part.RESPONSE, Part.PLAN]),
    ("G: x.\nI: y.\nR: z.\nP: w.", [Part.GOAL, Part.INTERVENTION, Part.RESPONSE, Part.PLAN]),
    ("# Assessment and Plan\nx.\n\n## Plan\n- y", [Part.ASSESSMENT, Part.PLAN]),
    ("PLAN\nx.", [Part.PLAN]),
    ("**Plan:** x.", [Part.PLAN]),
    ("Plan: x.\n# Social History\ny.", [Part.PLAN, Part.OTHER]),
    ("Data: x.\nand on the next line y.", [Part.DATA, Part.DATA]),
    ("Mood: low.", [Part.OTHER]),
    ("Planning a trip.", [Part.OTHER]),
    ("", []),
]


@pytest.mark.parametrize(("note", "parts"), FORMS)
def test_parts(note: str, parts: list[Part]) -> None:
    assert [each.part for each in sentences(note)] == parts


SPLITS = [
    ("One. Two.", ["One.", "Two."]),
    ("Met Dr. Raman and D. Osei at 5.5 hours.", ["Met Dr. Raman and D. Osei at 5.5 hours."]),
    ("Keep prazosin 2 mg. Reviewed it.", ["Keep prazosin 2 mg.", "Reviewed it."]),
    ('She said, "I won\'t. Maybe." Then left.', ['She said, "I won\'t. Maybe."', "Then left."]),
    ("She said, “One. Two.” Then left.", ["She said, “One. Two.”", "Then left."]),
    ('An open " quotation. Goes on.', ['An open " quotation.', "Goes on."]),
    ("Sleep 5 hrs. took it. Ok.", ["Sleep 5 hrs. took it.", "Ok."]),
    ("e.g. Walking. And more!", ["e.g. Walking.", "And more!"]),
    ("- a bullet", ["a bullet"]),
    ("2. Second step.", ["Second step."]),
]


@pytest.mark.parametrize(("line", "expected"), SPLITS)
def test_sentences_end_where_a_reader_would_end_them(line: str, expected: list[str]) -> None:
    assert [each.text for each in sentences(line)] == expected


@pytest.mark.parametrize("unit", ["A. ", '"A. ', "“A. ", "word. Word ", " ", "A", "# "])
def test_a_note_pasted_as_one_huge_line_does_not_stop_the_clinic(unit: str) -> None:
    begun = perf_counter()
    sentences(unit * (200_000 // len(unit)))
    assert perf_counter() - begun < 10  # linear takes a fraction of a second, quadratic takes minutes
