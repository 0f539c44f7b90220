"""The handoff, element by element, and its rules as tables."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ehr_clients.port import CommunicationWrite, DocumentWrite, ProvenanceWrite
from skills import handoff
from skills.handoff.facts import READS, HandoffFacts, gather
from skills.handoff.medicines import PART2_NOTICE
from skills.handoff.proposal import card, writes
from skills.handoff.severity import severity
from skills.handoff.text import MORE, SUMMARY, WORDS, compose
from skills.kit import (
    Answer,
    Appointment,
    Banner,
    Chart,
    Client,
    DraftText,
    Item,
    Line,
    LineKind,
    Medication,
    Missing,
    Passage,
    Read,
    Role,
    Section,
    Signed,
    Text,
    Why,
)
from skills.kit.stops import says_stopped
from tests.fakes import charts
from tests.fakes.charts import NOW, alert, calm, cssrs, day, empty, moment, note, phq9, rich, visit

type Content = dict[Section, tuple[Item, ...]]

SIGNED = Signed(charts.OSEI, NOW + timedelta(minutes=5))


def facts_of(content: object, *, client: Client = charts.CLIENT) -> HandoffFacts:
    return gather(charts.request(), charts.chart(content, READS, client))  # type: ignore[arg-type]  # both shapes of a fake


def draft(content: object) -> DraftText:
    return compose(facts_of(content))


def passage(text: DraftText, key: str) -> Passage:
    return next(each for each in text.passages if each.key == key)


def lines(text: DraftText) -> list[Line]:
    return [line for each in text.passages for line in each.lines]


def find(text: DraftText, words: str) -> Line:
    found = [line for line in lines(text) if words in line.text]
    assert found, f"{words!r} is not in the draft:\n{text.plain()}"
    return found[0]


# --- the shape -------------------------------------------------------------------------------------------------------


def test_the_order_is_i_pass_and_the_rest_follows() -> None:
    keys = [each.key for each in draft(rich()).passages]
    assert keys == [
        "severity",
        "patient",
        "actions",
        "situation",
        "medications",
        "allergies",
        "consents",
        "told",
        "more",
        "as_of",
        "synthesis",
    ]


@pytest.mark.parametrize("name", charts.EVERY)
def test_the_summary_keeps_to_200_words(name: str) -> None:
    text = draft(charts.EVERY[name])
    summary = " ".join([text.heading, *(f"{p.title} {p.plain()}" for p in text.passages if p.key in SUMMARY)])
    assert len(summary.split()) <= WORDS


@pytest.mark.parametrize("name", charts.EVERY)
def test_what_does_not_fit_is_kept_whole_and_counted(name: str) -> None:
    text = draft(charts.EVERY[name])
    more = [each for each in text.passages if each.key == MORE]
    assert all(each.title.endswith(f"({len(each.lines)} statement{'s' * (len(each.lines) != 1)})") for each in more)


def test_nothing_is_dropped_when_the_chart_is_long() -> None:
    many = tuple(
        alert(f"Alert number {n} with quite a few words to fill the room.", "contact", n, n) for n in range(40)
    )
    text = draft(calm() | {Section.ALERTS: many})
    assert all(any(f"Alert number {n} " in line.text for line in lines(text)) for n in range(40))


def test_heading_names_the_people_and_the_alias_only() -> None:
    assert (
        draft(rich()).heading == "Handoff summary for C-102, from Marisol Vega, LCSW, to Daniel Osei, LPC, 11/23/2026"
    )


def test_a_handoff_to_the_team_says_so() -> None:
    facts = gather(charts.request(to=None), charts.chart(rich(), READS))
    assert "to the Harbor team" in compose(facts).heading


# --- patient summary -------------------------------------------------------------------------------------------------


def test_measures_show_band_change_dates_and_item_nine() -> None:
    line = find(draft(rich()), "PHQ-9: 15")
    assert line.text == (
        "PHQ-9: 15 (moderately severe) on 11/02/2026; up 3, less than a meaningful change; before: 12 (10/19/2026);"
        " item 9: 0 (not at all)."
    )
    assert {source.ref for source in line.sources} == {"Observation/phq3", "Observation/phq2"}


def test_an_item_nine_that_is_not_on_file_is_said_and_is_no_zero() -> None:
    text = draft(calm() | {Section.ASSESSMENTS: (phq9(1, 5, (1,) * 8),)})
    assert "item 9 not on file" in find(text, "PHQ-9: 8").text
    unanswered = draft(calm() | {Section.ASSESSMENTS: (phq9(1, 5, (*(1,) * 8, None)),)})
    assert "item 9 not on file" in find(unanswered, "PHQ-9: 8").text


def test_goals_show_baseline_and_target_or_that_they_are_missing() -> None:
    text = draft(rich())
    assert "(baseline 14, target 9, due 01/07/2027, no-change)" in find(text, "Goal: PHQ-9 at 9").text
    assert "(baseline not documented, target not documented, due date not documented)" in find(text, "Goal: Use").text


def test_engagement_counts_kept_and_missed() -> None:
    line = find(draft(rich()), "Last visit kept")
    assert "kept 2 of 3 visits in the past year; missed 10/26/2026" in line.text


def test_a_past_visit_without_outcome_is_neither_kept_nor_missed() -> None:
    text = draft(calm() | {Section.APPOINTMENTS: (visit(1, 2, "booked"),)})
    assert "Outcome not on file for the visit booked 11/21/2026" in text.plain()
    assert "Visits kept and missed: not documented." in text.plain()


def test_course_prefers_a_clinicians_judgement_of_the_newest_note() -> None:
    assert find(draft(rich()), "Course").text == "Course, 11/09/2026: “Behavioral gains hold while mood lags.”"


def test_notes_of_an_earlier_handoff_are_no_witness() -> None:
    earlier = note(9, 1, "Assessment: Copied from a copy.", kind="Transfer summary note")
    assert "Copied from a copy" not in draft(rich() | {Section.NOTES: (earlier, *rich()[Section.NOTES])}).plain()


# --- actions ---------------------------------------------------------------------------------------------------------


def test_every_action_says_owner_due_and_done_when() -> None:
    for line in passage(draft(rich()), "actions").lines:
        if line.kind is LineKind.ACTION:
            assert all(word in line.text.lower() for word in ("owner", "due", "done when")), line.text


def test_actions_come_from_plans_visits_reviews_and_referrals() -> None:
    plain = passage(draft(rich()), "actions").plain()
    assert "“Joint session with D. Osei on 11/27/2026.” (Marisol Vega, LCSW, 11/09/2026). Due: 11/27/2026." in plain
    assert "Due: “in four to six weeks”, written 11/02/2026." in plain
    assert "Next visit, Individual therapy, joint. Owner: Marisol Vega, LCSW. Due: 11/27/2026 10:00 UTC-05:00." in plain
    assert "Review the plan “Treatment plan: depression and trauma”. Due: 12/06/2026." in plain
    assert (
        "Follow the referral: Sleep study to Norwood Sleep Center (Appointment Scheduled, ordered 10/24/2026)" in plain
    )


def test_an_overdue_review_says_by_how_much() -> None:
    late = replace(charts.PLAN, review=day(9))
    assert "9 days overdue" in draft(rich() | {Section.PLAN: (late,)}).plain()


def test_a_missed_visit_without_contact_asks_for_one_and_a_later_note_ends_it() -> None:
    missed: Content = calm() | {Section.APPOINTMENTS: (visit(5, 3, "noshow"), visit(4, 14, "fulfilled"))}
    assert "Reach the client: visit of 11/20/2026 missed" in draft(missed).plain()
    reached = missed | {Section.NOTES: (note(9, 2, "Reached by phone."), *calm()[Section.NOTES])}
    assert "Reach the client" not in draft(reached).plain()


def test_a_positive_item_nine_without_a_later_screen_asks_for_one_the_same_day() -> None:
    positive: Content = calm() | {Section.ASSESSMENTS: (phq9(1, 5, (*(1,) * 8, 2)), cssrs(1, 9, "low"))}
    assert "Clinician review and C-SSRS: PHQ-9 item 9 was 2" in draft(positive).plain()
    screened = positive | {Section.ASSESSMENTS: (cssrs(2, 5, "low"), phq9(1, 5, (*(1,) * 8, 2)))}
    assert "Clinician review and C-SSRS" not in draft(screened).plain()


# --- severity --------------------------------------------------------------------------------------------------------

YES = (Answer("93246-7", 1, 1),)
ALL_NO = (Answer("93246-7", 1, 0), Answer("93247-5", 2, 0), Answer("93267-3", 6, 0), Answer("93269-9", 7, 0))
DENIES = note(9, 3, "Data: Denies SI/HI.")
ZERO = phq9(1, 21, (1, 1, 1, 1, 0, 0, 0, 0, 0))

SEVERITIES: list[tuple[str, Content, str | None]] = [
    ("screen and a clinician's denial", {}, "stable"),
    ("item 9 zero and a denial", {Section.ASSESSMENTS: (ZERO,)}, "stable"),
    ("every C-SSRS question no", {Section.ASSESSMENTS: (cssrs(1, 5, None, ALL_NO),)}, "stable"),
    ("high", {Section.ASSESSMENTS: (cssrs(1, 5, "high"),)}, "urgent"),
    ("moderate", {Section.ASSESSMENTS: (cssrs(1, 5, "moderate"),)}, "watcher"),
    ("moderate two years ago stands", {Section.ASSESSMENTS: (cssrs(1, 730, "moderate"), ZERO)}, "watcher"),
    ("a later low replaces it", {Section.ASSESSMENTS: (cssrs(2, 5, "low"), cssrs(1, 90, "moderate"))}, "stable"),
    (
        "a later screen without result does not",
        {Section.ASSESSMENTS: (cssrs(2, 5, None), cssrs(1, 90, "high"))},
        "urgent",
    ),
    ("two of one day: the graver", {Section.ASSESSMENTS: (cssrs(2, 5, "low"), cssrs(1, 5, "high"))}, "urgent"),
    ("a yes without level", {Section.ASSESSMENTS: (cssrs(1, 5, None, YES),)}, "watcher"),
    ("item 9 positive, never screened", {Section.ASSESSMENTS: (phq9(1, 5, (0,) * 8 + (1,)),)}, "urgent"),
    (
        "item 9 positive and screened",
        {Section.ASSESSMENTS: (cssrs(1, 5, "low"), phq9(1, 5, (0,) * 8 + (1,)))},
        "watcher",
    ),
    (
        "old positive item 9, later total only",
        {Section.ASSESSMENTS: (phq9(2, 5, (0,) * 8), phq9(1, 30, (0,) * 8 + (1,)))},
        "urgent",
    ),
    (
        "missed while moderate",
        {Section.ASSESSMENTS: (cssrs(1, 9, "moderate"),), Section.APPOINTMENTS: (visit(9, 2, "noshow"),)},
        "urgent",
    ),
    ("missed twice", {Section.APPOINTMENTS: (visit(9, 2, "noshow"), visit(8, 9, "noshow"))}, "watcher"),
    ("missed once", {Section.APPOINTMENTS: (visit(9, 2, "noshow"), visit(8, 9, "fulfilled"))}, "stable"),
    ("safety alert", {Section.ALERTS: (alert("Suicide risk flag"),)}, "watcher"),
    ("high-risk alert", {Section.ALERTS: (alert("High risk of suicide, see plan"),)}, "urgent"),
    ("other alert", {Section.ALERTS: (alert("Uses a walker", "clinical"),)}, "stable"),
    (
        "discharge this week",
        {Section.NOTES: (note(9, 4, "Course: calm.", kind="Discharge summary"), DENIES), Section.APPOINTMENTS: ()},
        "watcher",
    ),
    (
        "discharge, no visit in a week",
        {Section.NOTES: (DENIES, note(9, 12, "Calm.", kind="Discharge summary")), Section.APPOINTMENTS: ()},
        "urgent",
    ),
    ("mention in a note", {Section.NOTES: (note(9, 3, "Data: Thinks of suicide at night."),)}, "watcher"),
    ("risk written as high", {Section.NOTES: (note(9, 3, "A: Risk is high today."),)}, "urgent"),
    (
        "PHQ-9 up by five",
        {Section.ASSESSMENTS: (phq9(2, 5, (2, 2, 2, 2, 2, 0, 0, 0, 0)), phq9(1, 30, (1, 1, 1, 1, 1, 0, 0, 0, 0)))},
        "watcher",
    ),
    ("no notes", {Section.NOTES: ()}, None),
    ("nobody asked", {Section.NOTES: (note(9, 3, "Data: Slept well."),)}, None),
    ("not assessed is no denial", {Section.NOTES: (note(9, 3, "Data: SI not assessed today."),)}, None),
    ("denial too old", {Section.NOTES: (note(9, 80, "Data: Denies SI."),)}, None),
    ("no screen", {Section.ASSESSMENTS: ()}, None),
    ("screen too old", {Section.ASSESSMENTS: (cssrs(1, 120, "low"),)}, None),
    (
        "an earlier zero does not answer the latest item 9",
        {Section.ASSESSMENTS: (phq9(2, 5, (0,) * 8), phq9(1, 20, (0,) * 9))},
        None,
    ),
    (
        "an older screen does not answer it either",
        {Section.ASSESSMENTS: (phq9(2, 5, (0,) * 8), cssrs(1, 20, "low"))},
        None,
    ),
    ("a screen of the same day does", {Section.ASSESSMENTS: (phq9(2, 5, (0,) * 8), cssrs(1, 5, "low"))}, "stable"),
    (
        "an older denial does not outweigh not assessed",
        {Section.NOTES: (note(9, 3, "Assessment: Safety was not assessed today."), note(8, 20, "Data: Denies SI."))},
        None,
    ),
    ("item 9 not on file", {Section.ASSESSMENTS: (phq9(1, 5, (0,) * 8),)}, None),
]


@pytest.mark.parametrize(("change", "word"), [case[1:] for case in SEVERITIES], ids=[case[0] for case in SEVERITIES])
def test_severity(change: Content, word: str | None) -> None:
    assert severity(facts_of(calm() | change)).word == word


@pytest.mark.parametrize("section", [Section.ASSESSMENTS, Section.ALERTS, Section.NOTES, Section.APPOINTMENTS])
def test_never_stable_while_a_section_that_could_say_otherwise_is_unread(section: Section) -> None:
    content = dict(charts.chart(calm()).data.sections) | {section: Missing(Why.UNAVAILABLE, "The EHR did not answer.")}
    found = severity(facts_of(content))
    assert found.word is None
    assert any("could not be read" in reason for reason in found.lacking)


@pytest.mark.parametrize("section", [Section.ASSESSMENTS, Section.ALERTS, Section.NOTES, Section.APPOINTMENTS])
def test_never_stable_while_part_of_such_a_section_was_left_out(section: Section) -> None:
    sections = dict(charts.chart(calm()).data.sections)
    answer = sections[section]
    assert isinstance(answer, Read)
    assert severity(facts_of(sections)).word == "stable"
    found = severity(facts_of(sections | {section: replace(answer, incomplete="2 records are withheld.")}))
    assert found.word is None
    assert any("not read whole" in reason for reason in found.lacking)


def test_severity_that_cannot_be_stated_says_what_is_lacking() -> None:
    line = passage(draft(empty()), "severity").lines[0]
    assert line.kind is LineKind.MISSING
    assert line.text.startswith("Severity cannot be stated from the chart: no C-SSRS and no PHQ-9 item 9 on file")


def test_each_reason_has_its_source() -> None:
    first, *reasons = passage(draft(rich()), "severity").lines
    assert first.text == "Watcher."
    assert [line.text for line in reasons] == ["Why: active safety alert since 07/27/2026."]
    assert reasons[0].sources[0].ref == "Flag/f1"


# --- situation -------------------------------------------------------------------------------------------------------


def test_sources_that_disagree_are_both_shown() -> None:
    text = draft(charts.contradictory())
    safety = find(text, "Sources disagree on 11/17/2026")
    assert "“Denies SI.”" in safety.text
    assert "“Endorsed thoughts of suicide without a plan.”" in safety.text
    assert "PHQ-9 item 9: 2" in safety.text
    assert {source.ref for source in safety.sources} == {
        "DocumentReference/n11",
        "DocumentReference/n12",
        "Observation/phq9",
    }
    stopped = find(text, "carries Sertraline 150 mg oral tablet as active")
    assert "“Stopped sertraline on her own last week.”" in stopped.text


STOPS = [
    ("Stopped sertraline on her own last week.", True),
    ("Off quetiapine and sertraline.", False),
    ("Off sertraline since June.", True),
    ("She is no longer taking her sertraline.", True),
    ("Sertraline 100 mg was stopped by neurology.", True),
    ("Ran out of Sertraline.", True),
    ("Has not stopped sertraline.", False),
    ("Did not stop sertraline.", False),
    ("Sertraline was not stopped.", False),
    ("Stopped smoking; sertraline helps.", False),
    ("Took sertraline every day but one.", False),
    ("It was the evening snack and not sertraline that she stopped a month ago.", False),
]


@pytest.mark.parametrize(("sentence", "stopped"), STOPS)
def test_a_stop_is_told_from_its_near_misses(sentence: str, stopped: bool) -> None:  # noqa: FBT001 - a table column
    assert says_stopped(sentence, "Sertraline 150 mg oral tablet") is stopped


def test_a_stop_written_on_the_day_of_the_new_order_is_the_change_of_dose() -> None:
    same_day = note(9, 21, "P: Stop sertraline 100 mg, start 150 mg.")
    text = draft(calm() | {Section.NOTES: (same_day,)})
    assert "Sources disagree" not in text.plain()


def test_two_results_of_one_day_that_differ_are_both_shown() -> None:
    text = draft(calm() | {Section.ASSESSMENTS: (phq9(1, 5, (1,) * 9), phq9(2, 5, (1,) * 9, total=12))})
    assert "PHQ-9 total 9" in find(text, "Sources disagree").text
    assert "PHQ-9 total 12" in find(text, "Sources disagree").text


def test_a_medication_on_the_allergy_list_is_pointed_out() -> None:
    sulfa: Medication = charts.medication(7, "Sulfamethoxazole 800 mg oral tablet")
    text = draft(calm() | {Section.MEDICATIONS: (sulfa,)})
    assert "the allergy list names Sulfamethoxazole (Hives)" in find(text, "Sources disagree").text


SAFETY_PLANS = [
    (charts.SAFETY_PLAN, "Safety plan of 10/19/2026: all six steps on file."),
    (replace(charts.SAFETY_PLAN, when=day(100)), "100 days old, over 90."),
    (replace(charts.SAFETY_PLAN, when=None), "its date is not documented."),
    (replace(charts.SAFETY_PLAN, steps=charts.SAFETY_PLAN.steps[:5]), "no step 6 (making the environment safe)."),
    (
        replace(
            charts.SAFETY_PLAN,
            steps=(*charts.SAFETY_PLAN.steps[:3], ("People to ask for help", "someone"), *charts.SAFETY_PLAN.steps[4:]),
        ),
        "step 4 names no contact.",
    ),
    (replace(charts.SAFETY_PLAN, steps=()), "its steps cannot be read."),
    (replace(charts.SAFETY_PLAN, status="revoked"), "(revoked, none in force)"),
]


@pytest.mark.parametrize(("plan", "words"), SAFETY_PLANS)
def test_the_safety_plan_is_read_for_what_it_lacks(plan: Item, words: str) -> None:
    assert words in find(draft(calm() | {Section.SAFETY_PLAN: (plan,)}), "Safety plan").text


def test_a_qualification_beside_a_denial_is_not_pushed_away_by_the_disagreement() -> None:
    both = note(9, 5, "Assessment: Denied SI. The screener reads moderate because of an attempt long ago.")
    text = draft(calm() | {Section.NOTES: (both,), Section.ASSESSMENTS: (cssrs(1, 5, "moderate"),)})
    assert "Sources disagree on 11/18/2026: “Denied SI.”" in passage(text, "situation").plain()
    assert "“The screener reads moderate because of an attempt long ago.”" in passage(text, "situation").plain()


def test_supports_say_whether_a_release_is_on_file() -> None:
    assert "Ingrid Holm, Sister (release active, 07/27/2026)" in find(draft(rich()), "Supports").text
    assert "(release not documented)" in find(draft(rich() | {Section.CONSENTS: ()}), "Supports").text


def test_what_may_go_wrong_is_quoted_from_the_note_with_its_line() -> None:
    line = find(draft(rich()), "What may go wrong")
    assert "expect more avoidance, possibly missed sessions.”" in line.text
    assert line.sources[0].line == 2


# --- the rest --------------------------------------------------------------------------------------------------------


def test_medications_show_the_last_change_and_labs() -> None:
    plain = passage(draft(rich()), "medications").plain()
    assert (
        "Last change, 11/02/2026: Sertraline 150 mg oral tablet started; Sertraline 100 mg oral tablet stopped" in plain
    )
    assert "Labs, 11/02/2026: “Check TSH before the next visit.”" in plain


def test_an_empty_allergy_list_is_not_no_known_allergies() -> None:
    assert passage(draft(rich() | {Section.ALLERGIES: ()}), "allergies").plain() == "Allergies: not documented."


def test_what_the_client_was_told_only_when_a_note_says_so() -> None:
    assert "“Discussed that Daniel Osei takes over in December;" in passage(draft(rich()), "told").plain()
    assert passage(draft(rich() | {Section.NOTES: ()}), "told").plain() == "What the client was told: not documented."


def test_an_unsigned_note_is_said_to_be_one() -> None:
    unsigned = replace(note(9, 3, "Assessment: Brighter."), signed=False)
    assert "Course, 11/20/2026 (unsigned note): “Brighter.”" in draft(rich() | {Section.NOTES: (unsigned,)}).plain()


def test_an_empty_chart_says_so_element_by_element_and_stays_short() -> None:
    text = draft(empty())
    assert len(text.plain().split()) < 260
    for element in (
        "Reason for care",
        "Diagnoses",
        "Course",
        "PHQ-9",
        "Safety plan",
        "Alerts",
        "Allergies",
        "Consents",
    ):
        assert f"{element}: not documented." in text.plain()
    assert not any(line.kind is LineKind.FACT and "Supports" not in line.text for line in lines(text))


def test_a_section_that_could_not_be_read_says_why_and_never_not_documented() -> None:
    content = charts.unreadable()
    text = draft(content)
    for section in READS - {Section.CLIENT}:
        answer = content[section]
        assert isinstance(answer, Missing)
        assert answer.sentence in text.plain(), section
    assert "Allergies: not documented" not in text.plain()
    assert "Safety plan: not documented" not in text.plain()


def test_what_the_ehr_left_out_is_said() -> None:
    answers = dict(charts.chart(rich(), READS).data.sections)
    answers[Section.NOTES] = Read(rich()[Section.NOTES], NOW, "The EHR said that notes may be missing.")
    assert "Not whole: notes. The EHR said that notes may be missing." in passage(draft(answers), "as_of").plain()


def test_instructions_in_the_chart_are_words_and_nothing_more() -> None:
    text = draft(charts.injected())
    assert severity(facts_of(charts.injected())).word is None
    assert all("“" in line.text for line in lines(text) if "Ignore all previous" in line.text and line.sources[0].line)
    assert text.plain().count("\nI: ILLNESS SEVERITY\n") == 1


def test_a_second_opinion_of_a_note_changes_nothing_else() -> None:
    """The same chart with one more old note: only what that note says may change."""
    older = note(0, 300, "Assessment: Long ago.")
    assert draft(rich()) == draft(rich() | {Section.NOTES: (*rich()[Section.NOTES], older)})


# --- the card and the writes -----------------------------------------------------------------------------------------


def test_the_summary_counts_what_is_sourced_missing_unread_and_disputed() -> None:
    facts = facts_of(charts.contradictory())
    shown = card(facts, compose(facts)).summary
    texts = [block.text for block in shown if isinstance(block, Text | Banner)]
    assert any("with a source;" in text and "not documented." in text for text in texts)
    assert any("where sources disagree" in text for text in texts)
    unread = facts_of(charts.unreadable())
    assert any(
        "12 sections could not be read" in block.text
        for block in card(unread, compose(unread)).summary
        if isinstance(block, Banner)
    )


def test_a_person_who_rewrites_the_severity_is_not_contradicted() -> None:
    facts = facts_of(rich())
    edited = compose(facts).edited({"severity": "I see her as stable; alert is stale."})
    rows = str(card(facts, edited).summary)
    assert "rewritten by a person; drafted as: watcher" in rows
    assert "1 line in a person's own words" in rows
    assert "Severity: rewritten" in _communication(writes(facts, edited, SIGNED)[1].write).text


def test_part_2_content_marks_the_text_the_card_and_every_write() -> None:
    facts = facts_of(charts.protected())
    text = compose(facts)
    document, message, _ = (step.write for step in writes(facts, text, SIGNED))
    assert isinstance(document, DocumentWrite)
    assert facts.part2
    assert document.part2
    assert _communication(message).part2
    assert PART2_NOTICE in text.plain()
    assert any(isinstance(block, Banner) and block.text == PART2_NOTICE for block in card(facts, text).detail)
    assert PART2_NOTICE not in str(card(facts, text).summary)


def test_without_part_2_content_nothing_says_part_2() -> None:
    facts = facts_of(rich())
    assert not facts.part2
    assert "42 CFR" not in compose(facts).plain()
    assert not any(getattr(step.write, "part2", False) for step in writes(facts, compose(facts), SIGNED))


def test_three_writes_the_summary_its_message_and_who_made_them() -> None:
    facts = facts_of(rich())
    text = compose(facts)
    steps = writes(facts, text, SIGNED)
    document, message, provenance = (step.write for step in steps)
    assert [step.name for step in steps] == ["document", "communication", "provenance"]
    assert isinstance(document, DocumentWrite)
    assert (document.type_code, document.author, document.text) == ("18761-7", charts.OSEI.ref, text.plain())
    assert _communication(message).recipients == (charts.OSEI.ref,)
    assert _communication(message).about == ("@document",)
    assert isinstance(provenance, ProvenanceWrite)
    assert provenance.targets == ("@document", "@communication")
    assert set(provenance.sources) == {source.ref for line in lines(text) for source in line.sources}


def test_a_handoff_to_the_team_is_addressed_by_name_only() -> None:
    facts = gather(charts.request(to=None), charts.chart(rich(), READS))
    message = _communication(writes(facts, compose(facts), SIGNED)[1].write)
    assert message.recipients == ()
    assert "to the Harbor team" in message.text


def test_the_facts_hold_no_identity_of_the_client() -> None:
    whole = repr(facts_of(rich()))
    assert not any(secret in whole for secret in ("Lindholm", "Teresa", "MRN-204102", "215-555-0142", "1988"))


def test_who_may_approve_and_accept() -> None:
    approval = handoff.SKILL.approval
    assert approval.roles == {Role.CLINICIAN, Role.PRESCRIBER, Role.SUPERVISOR}
    assert approval.licensed
    assert not approval.four_eyes
    assert approval.expires_after == timedelta(hours=24)
    assert approval.acceptance is not None
    assert approval.acceptance.licensed
    assert Role.CARE_COORDINATOR not in approval.acceptance.roles


def test_appointments_without_a_time_do_not_break_the_order() -> None:
    undated = Appointment(source=charts.source("Appointment/u", "Appointment"), start=None, status="fulfilled")
    text = draft(calm() | {Section.APPOINTMENTS: (undated, *calm()[Section.APPOINTMENTS])})
    assert "kept 2 of 3 visits" in text.plain()


def test_a_chart_of_another_hour_is_drafted_at_its_own_hour() -> None:
    early = charts.chart(rich(), READS)
    late = Chart(early.alias, early.data, early.reads, moment(-60))
    assert "95 days old, over 90" in compose(gather(charts.request(), late)).plain()


def _communication(write: object) -> CommunicationWrite:
    assert isinstance(write, CommunicationWrite)
    return write
