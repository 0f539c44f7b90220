"""Which sentences speak to an objective, and which must not: a table of near misses, and what a caller may rely on."""

import pytest

from skills.kit.notes import Part, Sentence
from skills.kit.retrieval import relevant, stem


def pool(*texts: str) -> tuple[Sentence, ...]:
    return tuple(Sentence(text, number, Part.OTHER) for number, text in enumerate(texts, start=1))


@pytest.mark.parametrize(
    ("objective", "speaks", "does_not"),
    [
        ("Client will abstain from alcohol.", "Had three beers at the game.", "Pill box was full for Thursday."),
        ("Client will improve sleep hygiene.", "Took melatonin at nine.", "Showered and shaved for the visit."),
        ("Client will reduce panic attacks.", "Heart racing in the elevator.", "Heart rate 72."),
        ("Client will reduce depressive symptoms.", "Cried twice and saw no point in getting up.", "Copay was waived."),
        ("Client will work two days a week.", "Was hired by the bakery.", "Client will call the front desk."),
        ("Client will attend school daily.", "Two absences, per the guidance office.", "Arrived on time."),
    ],
)
def test_meaning_is_found_in_other_words(objective: str, speaks: str, does_not: str) -> None:
    found = relevant(objective, pool(does_not, speaks))
    assert found[0].sentence.text == speaks


def test_nothing_is_found_where_nothing_speaks_to_it() -> None:
    assert relevant("Client will abstain from alcohol.", pool("Parking was difficult.", "Fee agreement signed.")) == ()
    assert relevant("Client will abstain from alcohol.", ()) == ()
    assert relevant("", pool("Parking was difficult.")) == ()


def test_an_objective_of_plan_talk_alone_finds_nothing() -> None:
    assert relevant("Client will achieve the goal by week four.", pool("Client will return in four weeks.")) == ()


def test_it_says_which_words_matched() -> None:
    (found,) = relevant("Client will abstain from alcohol.", pool("Attended AA and met her sponsor."))
    assert {"aa", "sponsor"} <= set(found.words)


def test_at_most_so_many_best_first_and_the_same_each_time() -> None:
    told = pool("Two beers.", "Drinking again: vodka, then a blackout.", "Parking.", "Craving at the bar.")
    found = relevant("Client will abstain from alcohol.", told, most=2)
    assert found[0].sentence.line == 2
    assert len(found) == 2
    assert found == relevant("Client will abstain from alcohol.", told, most=2)


def test_of_equals_the_earlier_comes_first() -> None:
    told = pool("One beer.", "One beer.")
    assert [each.sentence.line for each in relevant("Client will abstain from alcohol.", told)] == [1, 2]


@pytest.mark.parametrize(
    ("forms", "same"),
    [
        (("drink", "drinks", "drinking", "drank", "drunk"), True),
        (("stop", "stopped", "stopping", "stops"), True),
        (("medicate", "medication", "medications", "meds"), True),
        (("family", "families"), True),
        (("communicate", "communication", "communicating"), True),
        (("cry", "cries", "cried", "crying"), True),
        (("rest", "restless"), False),
        (("house", "housing"), True),
        (("pass", "past"), False),
    ],
)
def test_forms_of_a_word(forms: tuple[str, ...], same: bool) -> None:  # noqa: FBT001 - a table
    assert (len({stem(form) for form in forms}) == 1) is same
