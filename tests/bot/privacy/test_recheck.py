"""What an edit may bring in, what it must not, and what is asked about first. Near misses beside every case."""

import pytest

from bot.privacy.consent import NOTHING_PROTECTED, Ruling
from bot.privacy.recheck import MAY_STAY, Concern, confirmed, findings
from skills.kit import DraftText, Line, LineKind, Passage
from skills.kit.part2_notice import SHORT, SUPERSEDED

NONE = NOTHING_PROTECTED.stamp()
WITHHELD = Ruling(allowed=False, rule="part2.no_consent").stamp()
PERMITTED = Ruling(allowed=True, rule="part2.consent").stamp()
STAFF = ("Marisol Vega", "Daniel Osei")


def draft(*lines: str) -> DraftText:
    return DraftText("Handoff summary for C-102", (Passage("p", "Plan", tuple(Line(words) for words in lines)),))


BEFORE = draft("Depression, under treatment.", "Reached at 555-010-4477 on Tuesdays.", "Her sister Rosa Marin helps.")


def found(words: str, *, stamp: str = NONE, before: DraftText = BEFORE) -> set[Concern]:
    after = before.edited({"p": f"{before.passages[0].plain()}\n{words}"})
    every = findings(before, after, base=before, stamp=stamp, alias="C-102", staff=STAFF)
    return {each.concern for each in every}


@pytest.mark.parametrize(
    ("words", "concern"),
    [
        ("Call her at (555) 010-9988.", Concern.IDENTIFIER),
        ("Call her at 555.010.4477.", None),  # the draft's own number, written otherwise
        ("PHQ-9 was 14 on 11/09/2026.", None),
        ("Session 555 of 4477.", None),
        ("Write to rosa@example.org.", Concern.IDENTIFIER),
        ("SSN 123-45-6789", Concern.IDENTIFIER),
        ("MRN: 00448812", Concern.IDENTIFIER),
        ("The record was complete.", None),
        ("DOB 02/14/1991", Concern.IDENTIFIER),
        ("She was born on 14 February 1991.", Concern.IDENTIFIER),
        ("Her second child was born at home.", None),
        ("Lives at 12 Mill Street now.", Concern.IDENTIFIER),
        ("Walks 12 minutes each day.", None),
        ("See https://example.org/x", Concern.IDENTIFIER),
        ("Her brother Anders Lindqvist called.", Concern.IDENTIFIER),
        ("Tell Dr. Okonkwo on Friday.", Concern.IDENTIFIER),
        ("Rosa Marin will drive her.", None),  # named in the draft
        ("By Rosa. Rosa Marin drives.", None),
        ("Ask Daniel Osei first.", None),  # a colleague
        ("Her Safety Plan is on file.", None),
        ("In November she returns.", None),
        ("Mondays suit her best.", None),
        ("Fax it to the front office.", Concern.RECIPIENT),
        ("cc: probation", Concern.RECIPIENT),
        ("She sent flowers to her mother.", None),
        ("As C-103 does.", Concern.OTHER_CLIENT),
        ("C-102 agrees.", None),
        ("She drinks wine each evening.", Concern.SUBSTANCE),
        ("She drives each evening.", None),
        (f"The rules say it {SUPERSEDED[0]}.", Concern.OUTDATED_NOTICE),
        (SHORT, None),
        ("", None),
    ],
)
def test_what_new_words_bring_in(words: str, concern: Concern | None) -> None:
    assert found(words) == ({concern} if concern else set())


@pytest.mark.parametrize(
    ("stamp", "concerns"),
    [(NONE, {Concern.SUBSTANCE}), (WITHHELD, {Concern.WITHHELD_SUBSTANCE}), (PERMITTED, set())],
)
def test_substance_use_depends_on_the_consent(stamp: str, concerns: set[Concern]) -> None:
    assert found("Buprenorphine since May.", stamp=stamp) == concerns


def test_what_the_draft_spoke_of_already_is_nothing_new() -> None:
    before = draft("Alcohol use, in remission.")
    assert found("Sober since May.", before=before) == set()


def test_the_notice_must_stay() -> None:
    before = draft(SHORT, "Depression.")
    gone = before.edited({"p": "Depression."})
    (found_,) = findings(before, gone, base=before, stamp=PERMITTED, alias="C-102")
    assert found_.concern is Concern.NOTICE_REMOVED
    assert not found_.may_stay
    assert findings(before, before.edited({"p": SHORT}), base=before, stamp=PERMITTED, alias="C-102") == ()


def test_words_taken_out_bring_nothing_in() -> None:
    assert findings(BEFORE, BEFORE.edited({"p": "Depression."}), base=BEFORE, stamp=NONE, alias="C-102") == ()


def test_the_sentence_names_kinds_and_never_what_was_typed() -> None:
    after = BEFORE.edited({"p": "Anders Lindqvist, 555-010-9988"})
    (one,) = findings(BEFORE, after, base=BEFORE, stamp=NONE, alias="C-102")
    assert one.kinds == ("phone number", "name")
    assert "Lindqvist" not in one.sentence
    assert "9988" not in one.sentence


@pytest.mark.parametrize(("words", "yes"), [("keep", True), (" “Keep.” ", True), ("", False), ("keep it out", False)])
def test_a_yes_is_a_word(words: str, *, yes: bool) -> None:
    assert confirmed(words) is yes


def test_only_some_additions_may_stay() -> None:
    assert {
        Concern.SUBSTANCE,
        Concern.RECIPIENT,
        Concern.IDENTIFIER,
    } == MAY_STAY


def test_edited_lines_only() -> None:
    line = Line("Call 555-010-9988.", kind=LineKind.FACT)
    after = DraftText(BEFORE.heading, (Passage("p", "Plan", (line,)),))
    assert findings(BEFORE, after, base=BEFORE, stamp=NONE, alias="C-102") == ()
