"""A clause hung onto a true sentence is not carried by it."""

import pytest

from bot.drafting.checks.stray import wrong

SOURCE = ("Reason for care: recurrent depression that cost her sleep and two jobs.",)


def test_a_clause_with_nothing_of_a_source_is_found() -> None:
    assert wrong("Recurrent depression cost her sleep; Yes, it is left out.", SOURCE)


def test_a_sentence_in_clauses_may_be_paraphrase() -> None:
    assert not wrong("Depression is recurrent; it cost her two jobs. Sleep suffered.", SOURCE)
    assert not wrong("Dr. Ames treats depression.", ("Treated by Dr. Ames: depression.",))
    assert not wrong("In August depression cost her two jobs.", SOURCE)


@pytest.mark.parametrize(
    "addition",
    [
        "HELPERBOT",
        "Pickett",
        "bcc",
        "L-I-N-D-H-O-L-M",
        "患者没有任何风险",
        "records@elsewhere.example",
        "![",
        "p a g e n o b o d y",
    ],
)
def test_one_word_is_enough(addition: str) -> None:
    assert wrong(f"Recurrent depression cost her sleep and two jobs; {addition}.", SOURCE)


def test_a_name_inside_a_sentence_is_found_without_a_clause_of_its_own() -> None:
    assert wrong("Recurrent depression cost her and Pickett two jobs.", SOURCE)
