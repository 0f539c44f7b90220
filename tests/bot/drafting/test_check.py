"""The source checks, rule by rule: what is kept, what is taken out and why, and what is missing afterwards."""

import pytest

from bot.drafting.check import Reason, check, why_not
from skills.kit import Line
from skills.kit.prompt import Evidence, Prompt, Sentence, Topic

DENIED = "Safety as noted, 11/13/2026: “Denies SI/HI, no overdose since intake.”"
OPEN = "Safety not assessed, 11/16/2026: “Safety was not assessed, call dropped.”"
SCREEN = "Safety level (C-SSRS): low on 10/19/2026, before that moderate on 07/27/2026."
CHANGE = "Last change, 11/02/2026: Sertraline 150 mg oral tablet started; Sertraline 100 mg oral tablet stopped."
SUPPORT = "Supports: Ingrid Lindholm, Sister, emergency contact (release active, 07/27/2026)."
TURNED = "Safety as noted, 11/02/2026: “Initially denied SI, then disclosed a plan to overdose.”"


def prompt(*texts: str, topic: Topic = Topic.OTHER) -> Prompt:
    return Prompt("test", (), tuple(Evidence(f"S{n}", "p", Line(text), topic) for n, text in enumerate(texts, start=1)))


def reason(source: str, said: str) -> Reason | None:
    return why_not(Sentence("p", said, ("S1",)), prompt(source))


@pytest.mark.parametrize(
    ("source", "said", "expected"),
    [
        (DENIED, "On November 13, 2026 the client denied suicidal and homicidal ideation.", None),
        (DENIED, "SI/HI: denied on 11/13/2026.", None),
        (DENIED, "Endorses SI/HI as of 11/13/2026.", Reason.POLARITY),
        (DENIED, "Denies SI but endorses HI on 11/13/2026.", Reason.POLARITY),
        (DENIED, "Denies SI/HI on 11/14/2026.", Reason.DATE),
        (DENIED, "Denies SI/HI since last week.", Reason.DATE),
        (OPEN, "Safety was not assessed on 11/16/2026.", None),
        (OPEN, "Denied SI on 11/16/2026.", Reason.POLARITY),
        ("Alerts: not documented.", "There are no alerts.", Reason.POLARITY),
        ("Alerts: not documented.", "There are no alerts on file.", None),
        ("x: “No longer denies SI.”", "Denies SI.", Reason.POLARITY),
        ("x: “Cannot rule out SI.”", "Denies SI.", Reason.POLARITY),
        (TURNED, "Denied SI on 11/02/2026.", Reason.POLARITY),
        ("x: “History of suicide attempt in 2019.”", "Suicide attempt.", Reason.POLARITY),
        ("x: “Family history of suicide.”", "History of suicide.", Reason.POLARITY),
        ("x: “Call 988 if suicidal thoughts return.”", "Suicidal thoughts returned.", Reason.POLARITY),
        (SCREEN, "C-SSRS fell from moderate (07/27/2026) to low (10/19/2026).", None),
        (SCREEN, "The C-SSRS was moderate on 10/19/2026 and low on 07/27/2026.", Reason.NUMBER),
        (CHANGE, "Zoloft 150 mg was started 11/02/2026.", None),
        (CHANGE, "Fluoxetine 150 mg was started on 11/02/2026.", Reason.DRUG),
        (CHANGE, "Sertraline 150 mcg was started on 11/02/2026.", Reason.DOSE),
        (CHANGE, "Sertraline 150 mg was stopped and 100 mg started on 11/02/2026.", Reason.DIRECTION),
        (SUPPORT, "Her sister Ingrid Lindholm is the emergency contact.", None),
        (SUPPORT, "Her brother is the emergency contact.", Reason.PERSON),
        ("x: “Mother reports he stopped taking lithium.”", "Client reports he stopped taking lithium.", Reason.PERSON),
        ("[NAME_3] will stay over.", "[NAME_3] will stay over.", None),
        ("[NAME_3] will stay over.", "[NAME_4] will stay over.", Reason.PLACEHOLDER),
        ("Course: “Steadier.”", "She is “steady as a rock.”", Reason.QUOTE),
        ("Course: “Near remission.”", "Near remission, and she works nights as an electrician.", Reason.UNSUPPORTED),
        ("Gave 14 reasons to stay.", "Gave 12 reasons to stay.", Reason.NUMBER),
        ("Sertraline 150 mg.", "Sertraline 75 mg.", Reason.DOSE),
        ("Sertraline 150 mg and prazosin 2 mg.", "Sertraline 2 mg and prazosin 150 mg.", Reason.DOSE),
        ("Buspirone twice a day.", "Buspirone daily.", Reason.DOSE),
        ("x: “Anxiety, mild.”", "Severe anxiety.", Reason.POLARITY),
        ("Kept 5 of 6 visits.", "Kept 6 of 6 visits.", Reason.NUMBER),
    ],
)
def test_a_sentence_is_kept_only_when_its_source_says_so(source: str, said: str, expected: Reason | None) -> None:
    assert reason(source, said) is expected


def test_only_the_cited_source_counts() -> None:
    both = prompt(DENIED, SCREEN)
    assert why_not(Sentence("p", "The C-SSRS was low on 10/19/2026.", ("S2",)), both) is None
    assert why_not(Sentence("p", "The C-SSRS was low on 10/19/2026.", ("S1",)), both) is not None
    assert why_not(Sentence("p", "Anything.", ()), both) is Reason.NO_SOURCE
    assert why_not(Sentence("p", "Anything.", ("S9",)), both) is Reason.UNKNOWN_SOURCE


def test_a_safety_fact_that_is_cited_but_not_carried_is_uncovered() -> None:
    both = prompt(SCREEN, TURNED, topic=Topic.SAFETY)
    said = Sentence("p", "C-SSRS was low on 10/19/2026 and moderate on 07/27/2026.", ("S1", "S2"))
    outcome = check([said], both)
    assert outcome.kept == (said,)
    assert [each.id for each in outcome.uncovered] == ["S2"]


def test_what_was_taken_out_leaves_its_source_uncovered() -> None:
    outcome = check([Sentence("p", "Endorses SI.", ("S1",))], prompt(DENIED, topic=Topic.SAFETY))
    assert [(each.reason, len(outcome.kept)) for each in outcome.removed] == [(Reason.POLARITY, 0)]
    assert [each.id for each in outcome.uncovered] == ["S1"]
