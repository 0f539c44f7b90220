"""Risk language: every rule finds its example, every kind of scope has its near miss, and layout changes no alert."""

from datetime import date
from pathlib import Path
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.evals.risk import cases
from skills.crisis.language import ALERTING, alerts, read
from skills.crisis.plain import clauses, plain, sentences
from skills.crisis.ruleset import Assertion, Phrase, ruleset

RISK = Path(__file__).parents[2] / "fixtures" / "risk"
CASES = [
    case
    for name in ("own_cases", "held_out_cases", "risk_cases", "second_author")
    for case in cases(RISK / f"{name}.json")
]
ALERTING_TEXTS = [case["text"] for case in CASES if case["expected_alert"]]
QUIET_TEXTS = [case["text"] for case in CASES if not case["expected_alert"]]
RULES = ruleset()


@pytest.mark.parametrize("phrase", RULES.phrases, ids=[each.id for each in RULES.phrases])
def test_each_phrase_finds_its_example_and_alerts(phrase: Phrase) -> None:
    assert phrase.id in {mention.rule.split(" > ")[0] for mention in alerts(phrase.example)}


@pytest.mark.parametrize("mask", RULES.masks, ids=[each.id for each in RULES.masks])
def test_each_mask_hides_its_example(mask: Phrase) -> None:
    assert mask.pattern.search(plain(mask.example))
    assert alerts(mask.example) == ()


def test_no_rule_has_the_name_of_another() -> None:
    names = [each.id for each in (*RULES.phrases, *RULES.masks)] + [each.id for each in RULES.scopes]
    assert len(names) == len(set(names))


def test_a_mention_shows_its_words_and_the_rules_that_spoke() -> None:
    text = "Mood low. Denies plan; suicidal thoughts remain."
    mention = alerts(text)[0]
    assert text[mention.start : mention.end] == mention.words == "suicidal thoughts"
    assert mention.rule == "si.word > doubt.persists"


READ_AS = [
    ("Denies SI.", Assertion.NEGATED),
    ("SI (-)", Assertion.NEGATED),
    ("SI: denied", Assertion.NEGATED),
    ("[ ] SI [x] none", Assertion.NEGATED),
    ("Pt no longer denies SI.", Assertion.PRESENT),
    ("Cannot rule out SI.", Assertion.UNCERTAIN),
    ("Initially denied SI, later disclosed it.", Assertion.UNCERTAIN),
    ("SI not assessed today.", Assertion.UNCERTAIN),
    ("Had SI 3 days ago.", Assertion.RECENT_HISTORY),
    ("Had SI 3 years ago.", Assertion.HISTORICAL),
    ("Brother died by suicide.", Assertion.FAMILY),
    ("Brother says client is suicidal.", Assertion.PRESENT),
    ("Her roommate attempted suicide.", Assertion.THIRD_PARTY),
    ("Safety plan: what to do if suicidal.", Assertion.HYPOTHETICAL),
    ("If she leaves, I'll kill myself.", Assertion.CONDITIONAL_THREAT),
    ("SI joint pain.", Assertion.NOT_RISK),
]


@pytest.mark.parametrize(("text", "assertion"), READ_AS)
def test_scopes(text: str, assertion: Assertion) -> None:
    assert assertion in {mention.assertion for mention in read(text)}
    assert bool(alerts(text)) is (assertion in ALERTING)


WRITTEN = date(2026, 11, 20)
DATED = [
    ("Suicide attempt on 11/3.", True),
    ("Suicide attempt on 9/3.", False),
    ("Suicide attempt on 12/3.", False),  # last December
    ("Suicide attempt on 11/03/2026.", True),
    ("Suicide attempt 2026-10-21.", True),
    ("Suicide attempt 2026-10-20.", False),
    ("Suicide attempt on November 3.", True),
    ("Suicide attempt in November 2026.", True),
    ("Suicide attempt in March 2026.", False),
    ("Suicide attempt in 2026.", True),  # it may be this month
    ("Suicide attempt in 2024.", False),
    ("Suicide attempt 30 days ago.", True),
    ("Suicide attempt 5 weeks ago.", False),
    ("SI since 2019.", True),  # it goes on
    ("Suicidal ideation 24/7.", True),
]


@pytest.mark.parametrize(("text", "recent"), DATED)
def test_recent_is_within_thirty_days_of_the_writing(*, text: str, recent: bool) -> None:
    assert bool(alerts(text, written=WRITTEN)) is recent


FAR_AWAY = (
    "Denies SI.",
    "No HI.",
    "Family history of suicide in an uncle.",
    "Call 988 if suicidal thoughts return.",
    "History of self-harm in 2011.",
    "Weather was fine.",
    "Goal: no self-harm for 60 days.",
    "He was asked about sleep.",
)


@given(st.sampled_from(ALERTING_TEXTS), st.sampled_from(FAR_AWAY), st.booleans())
def test_a_far_away_sentence_never_takes_an_alert_away(text: str, other: str, before: bool) -> None:  # noqa: FBT001 - hypothesis passes it by position
    together = f"{other}\n\n{text}" if before else f"{text}\n\n{other}"
    assert {mention.words for mention in alerts(text)} <= {mention.words for mention in alerts(together)}


@given(st.sampled_from([case["text"] for case in CASES]))
def test_case_and_curly_quotes_change_nothing(text: str) -> None:
    here = [(mention.start, mention.end, mention.rule) for mention in alerts(text)]
    curly = text.replace("'", "’").replace('"', "”")
    for other in (text.upper(), text.lower(), curly):
        if len(other) == len(text):
            assert [(mention.start, mention.end, mention.rule) for mention in alerts(other)] == here


@given(st.text(max_size=300))
def test_any_text_can_be_read_and_every_mention_stands_in_it(text: str) -> None:
    assert len(plain(text)) == len(text)
    assert all(text[mention.start : mention.end] == mention.words != "" for mention in read(text))


@given(st.text(alphabet=st.sampled_from("ab .!?;,\n-|[x]SI"), max_size=200))
def test_sentences_and_clauses_lose_nothing(text: str) -> None:
    simple = plain(text)
    assert "".join(simple[begin:end] for begin, end in sentences(simple)) == simple
    assert "".join(simple[begin:end] for begin, end in clauses(simple)) == simple


@pytest.mark.parametrize(
    "unit", ["denies ", "SI, ", "SI/HI ", "no, no ", "if he ", "[ ] ", "mother ", "( ", "2019 ", "a"]
)
def test_a_page_without_a_full_stop_does_not_stop_the_clinic(unit: str) -> None:
    began = perf_counter()
    read(unit * (4_000 // len(unit)))
    assert perf_counter() - began < 5


def test_a_wrapped_line_keeps_its_denial() -> None:
    wrapped = "During the session today the client was calm and denies any\nsuicidal ideation."
    assert alerts(wrapped) == ()
    assert alerts("Denies sleep trouble\nSuicidal ideation.")


def test_a_heading_waits_for_its_answer() -> None:
    assert alerts("Suicidal ideation:\nDenied.") == ()
    assert alerts("Suicidal ideation:\nPassive, daily.")


def test_a_sentence_of_nothing_but_mentions_is_shown_not_weighed() -> None:
    assert {mention.rule.split(" > ")[1] for mention in alerts("no SI, " * 30)} == {"crowded"}
    assert alerts("no SI, " * 12) == ()
