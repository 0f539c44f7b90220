"""What weighs is never a paraphrase's by-catch."""

import pytest

from bot.drafting.checks.weighty import wrong

SOURCE = ("Reason for care: recurrent depression that cost her sleep and two jobs.",)


@pytest.mark.parametrize(
    "addition",
    [
        "she is of no risk",
        "no SI",
        "consent is on file",
        "discharged today",
        "approved by Dr. Ames",
        "parole was violated",
    ],
)
def test_a_short_clause_that_weighs_is_found(addition: str) -> None:
    assert wrong(f"Recurrent depression cost her sleep and two jobs; {addition}.", SOURCE)


@pytest.mark.parametrize(
    ("sentence", "source"),
    [
        ("Depression cost her sleep and two jobs.", SOURCE[0]),
        ("Risk was low on 11/09.", "Course: risk low today."),
        ("SI was denied.", "Denies suicidal ideation."),
        ("A release for the school is signed.", "Consent to the school, signed 11/02/2026."),
    ],
)
def test_what_a_source_speaks_of_may_be_said(sentence: str, source: str) -> None:
    assert not wrong(sentence, (source,))
