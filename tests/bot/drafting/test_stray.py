"""A clause hung onto a true sentence is not carried by it."""

from bot.drafting.checks.stray import wrong

SOURCE = ("Reason for care: recurrent depression that cost her sleep and two jobs.",)


def test_a_clause_with_nothing_of_a_source_is_found() -> None:
    assert wrong("Recurrent depression cost her sleep; Yes, it is left out.", SOURCE)


def test_a_sentence_in_clauses_may_be_paraphrase() -> None:
    assert not wrong("Depression is recurrent; it cost her two jobs. Sleep suffered.", SOURCE)
    assert not wrong("Dr. Ames treats recurrent depression.", SOURCE)
