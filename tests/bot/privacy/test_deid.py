"""What leaves for a model holds nobody's identifiers, and comes home with them."""

import copy
import json
import pickle
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.drafting.untrusted import datamarked
from bot.privacy.deid import CannotVouch, RawPrompt, SafePrompt, Tags, UnknownTag, find, residue, scrub
from bot.privacy.recognizers.folding import fold
from bot.privacy.recognizers.spans import Kind
from bot.privacy.record import KnownPerson, Record

HOPE = Record(
    people=(
        KnownPerson("client", "William Dane Hope", ("Will",)),
        KnownPerson("p1", "Siobhan O'Malley"),
        KnownPerson("p2", "Nguyen Thi Mai"),
    ),
    phones=("212-555-0199",),
    ids=("00482913",),
    emails=("will.hope85@example.com",),
    places=("Yonkers", "Kessler Auto Parts"),
    addresses=("42 Elm Street Apt 3B",),
    births=(date(1985, 3, 14),),
)


def safe(*parts: str, record: Record | None = None) -> SafePrompt:
    return scrub(RawPrompt("Write plainly.", parts), record)


def test_only_scrub_makes_a_safe_prompt() -> None:
    made = safe("fine")
    with pytest.raises(TypeError, match="only scrub"):
        SafePrompt("x", ("Dana Hope",), Tags())
    for forge in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError):
            forge(made)
    with pytest.raises(TypeError, match="only scrub"):
        SafePrompt("x", ("Dana Hope",), Tags(), by=object())
    with pytest.raises(TypeError, match="does not change"):
        made.parts = ("Dana Hope",)
    with pytest.raises(TypeError, match="no other kinds"):
        type("Mine", (SafePrompt,), {})


def test_parts_keep_their_number_and_order_and_instructions_stay_as_they_are() -> None:
    made = safe("Dana Kowalczyk slept.", "", "PHQ-9 14, no change.")
    assert made.instructions == "Write plainly."
    assert made.parts == ("[NAME_1] slept.", "", "PHQ-9 14, no change.")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("seen by Dr. Okonkwo today", "NAME"),
        ("lives at 88 Larkspur Terrace, Unit 4", "LOCATION"),
        ("moved to Schenectady", "LOCATION"),
        ("admitted 12 Feb 2024", "DATE"),
        ("call (212) 555-0123", "PHONE"),
        ("fax +44 20 7946 0958", "PHONE"),
        ("mail a.b@example.org", "EMAIL"),
        ("SSN 078-05-1120", "ID"),
        ("MRN 4482913", "ID"),
        ("Member ID XQZ99182736", "ID"),
        ("account no. 00-778812", "ID"),
        ("license D1234567", "ID"),
        ("plate KLM-4471", "ID"),
        ("pump serial SN-88213-X", "ID"),
        ("see https://example.org/u/88", "URL"),
        ("from 10.24.7.201", "IP"),
        ("fingerprint template FP-2231-77", "ID"),
        ("photo Dana_face.jpg", "ID"),
        ("docket 2023-CR-00418", "ID"),
        ("she is 93 years old", "AGE"),
    ],
)
def test_each_safe_harbor_kind_is_masked(text: str, kind: str) -> None:
    (part,) = safe(text).parts
    assert f"[{kind}_1" in part
    assert not any(char.isdigit() for char in part.replace(f"{kind}_1", "").replace("(90+)", "").replace("(+0d)", ""))


@pytest.mark.parametrize(
    "text",
    [
        "Pt denies SI/HI, PHQ-9 14, GAD-7 = 11, C-SSRS low. Call 988.",
        "Increase Lexapro to 20 mg qhs; lithium level 0.77; BP 118/76, HR 80.",
        "She will hope for the best and may mark progress; son is 67.",
        "Beck Depression Inventory 22, Crohn's disease stable, pain 7/10.",
    ],
)
def test_the_words_of_the_trade_stay(text: str) -> None:
    assert safe(text, record=HOPE).parts == (text,)


@pytest.mark.parametrize(
    "form",
    [
        "William Hope",
        "Hope, William",
        "HOPE, WILLIAM D.",
        "William Dane Hope",
        "Bill",
        "Wiliam",
        "W.H.",
        "W. Hope",
        "Will",
    ],
)
def test_one_person_has_one_placeholder_however_they_are_written(form: str) -> None:
    made = safe(f"{form} came.", "William Hope came.", record=HOPE)
    assert made.parts[1] == "[NAME_1] came."
    assert made.parts[0] == "[NAME_1] came."
    written = "William Hope" if form == "William Hope" else "William Dane Hope"  # one form stands for itself
    assert made.tags.restore("[NAME_1] came.") == f"{written} came."


def test_an_everyday_word_is_a_name_only_where_it_stands_like_one() -> None:
    text = "Will's mother hopes he will rest. Will says there is hope. Will he?"
    (part,) = safe(text, record=HOPE).parts
    assert part == "[NAME_1]'s mother hopes he will rest. [NAME_1] says there is hope. Will he?"


def test_record_identifiers_are_found_in_poor_scans() -> None:
    text = "Patlent: WiIliam H0pe  D0B: O3/l4/1985  MRN: 0O4829l3  Te1: 2l2-555-O199"
    (part,) = safe(text, record=HOPE).parts
    assert part.startswith("Patlent: [NAME_1]")
    assert not any(rest in part for rest in ("H0pe", "l4", "4829", "555"))


def test_dates_keep_order_and_interval() -> None:
    (part,) = safe("Seen 3/4/2024, again March 16, 2024, first 2023-12-31. Born 03/14/1985.", record=HOPE).parts
    assert part == "Seen [DATE_1 (+64d)], again [DATE_2 (+76d)], first [DATE_3 (+0d)]. Born [DATE_4]."


def test_dates_count_from_the_clients_own_day_where_there_is_one() -> None:
    record = Record(day_zero=date(2024, 1, 1))
    assert safe("Seen 1/11/2024.", record=record).parts == ("Seen [DATE_1 (+10d)].",)


def test_ages_over_89_become_90_and_younger_ones_stay() -> None:
    assert safe("Pt is a 92 y/o widow; son is 67.").parts == ("Pt is a [AGE_1 (90+)] y/o widow; son is 67.",)


def test_what_nobody_knows_is_masked_and_without_the_gate_it_is_not() -> None:
    text = "pt mentioned zorblax again"
    assert safe(text).parts == ("pt mentioned [TERM_1] again",)
    assert scrub(RawPrompt("", (text,)), None, gate=False).parts == (text,)


def test_a_placeholder_in_the_source_is_not_ours() -> None:
    made = safe("Note says [NAME_3] and NAME_1, then Dana Kowalczyk.")
    assert made.parts == ("Note says [TERM_1] and [TERM_2], then [NAME_1].",)
    assert made.tags.restore(made.parts[0]) == "Note says [NAME_3] and NAME_1, then Dana Kowalczyk."


@pytest.mark.parametrize("form", ["[NAME_1]", "[Name_1]", "[name 1]", "[NAME-1]", "NAME_1", "[ NAME_1 ]"])
def test_restoring_forgives_how_a_model_writes_a_placeholder(form: str) -> None:
    tags = safe("Dana Kowalczyk slept.").tags
    assert tags.restore(f"{form}'s sleep") == "Dana Kowalczyk's sleep"


def test_a_placeholder_that_was_never_issued_is_refused_without_its_text() -> None:
    tags = safe("Dana Kowalczyk slept.").tags
    assert tags.unknown("[NAME_1] and [NAME_2]") == ("NAME_2",)
    with pytest.raises(UnknownTag) as refused:
        tags.restore("Dana told [NAME_2]")
    assert refused.value.code == "NAME_2"
    assert "Dana" not in str(refused.value)


def test_placeholders_survive_storage_and_show_nobody() -> None:
    made = safe("Dana Kowalczyk slept on 3/4/2024.", record=HOPE)
    again = Tags.from_json(made.tags.to_json())
    assert again.restore(made.parts[0]) == "Dana Kowalczyk slept on 3/4/2024."
    assert "Dana" not in repr(made) + repr(made.tags) + repr(again) + repr(HOPE)


@pytest.mark.parametrize(
    ("leak", "kind"),
    [
        ("Siobhan O'Malley", "NAME"),
        ("Łukasz Żółć", "TERM"),
        ('the "Hope" file of William Hope', "NAME"),
        ("212.555.0199", "PHONE"),
        ("0048-2913", "ID"),
        ("03/14/85", "DATE"),
        ("will.hope85@example.com", "EMAIL"),
        ("Kessler Auto Parts", "LOCATION"),
        ("617-555-0188", "PHONE"),
        ("078-05-1120", "ID"),
    ],
)
def test_residue_finds_an_identifier_in_a_finished_body(leak: str, kind: str) -> None:
    made = safe("Łukasz Żółć slept.", record=HOPE)
    clean = {"model": "m-2024-07-18", "messages": [{"role": "user", "content": made.parts[0]}], "max_tokens": 2000}
    assert residue(json.dumps(clean).encode(), made.tags, HOPE) == ()
    for escaped in (True, False):
        body = json.dumps({"messages": [{"content": f"about {leak}, please"}]}, ensure_ascii=escaped).encode()
        assert kind in residue(body, made.tags, HOPE)
    assert kind in residue(f"about {leak}, please".encode(), made.tags, HOPE)


@pytest.mark.parametrize(
    ("leak", "kind"),
    [
        ("(617) 555-0188", "PHONE"),
        ("Siobhan O'Malley", "NAME"),
        ("Kessler Auto Parts", "LOCATION"),
        ("Teresa Żółć", "NAME"),
    ],
)
def test_words_marked_as_data_hide_no_identifier(leak: str, kind: str) -> None:
    made = safe("Teresa Żółć slept.", record=HOPE)
    body = json.dumps({"messages": [{"content": datamarked(f"seen {leak} again")}]}).encode()
    assert kind in residue(body, made.tags, HOPE)
    assert residue(datamarked(made.parts[0]).encode(), made.tags, HOPE) == ()


@pytest.mark.parametrize(
    ("text", "code"), [("x" * 400_001, "too_long"), ("a\ud800b", "not_text"), ("a\x00b", "not_text")]
)
def test_a_text_nobody_can_vouch_for_is_refused_without_its_words(text: str, code: str) -> None:
    with pytest.raises(CannotVouch) as refused:
        safe(text)
    assert refused.value.code == code
    assert text[:3] not in str(refused.value)


def test_a_recognizer_adds_what_the_lists_miss_and_never_takes_drugs_for_people() -> None:
    text = "pt met hope after Zoloft"
    names = [(7, 11, "PERSON"), (18, 24, "PERSON")]
    with_ner = find(
        "pt met quorra after Zoloft", None, ner=lambda _: [(7, 13, "PERSON"), (20, 26, "PERSON")], gate=False
    )
    assert [(f.start, f.end, f.kind) for f in with_ner] == [(7, 13, Kind.NAME)]
    assert find(text, None, ner=lambda _: names, gate=False) == ()


PIECES = st.sampled_from(
    [
        "Dana Kowalczyk",
        "dr. Żółć",
        "3/4/2024",
        "[NAME_1]",
        "name_2",
        "212-555-0199",
        "PHQ-9 14",
        "will",
        "Łódź",
        "\n",
        ", ",
        "'s",
        "92 y/o",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(PIECES, st.text(max_size=12)), max_size=8).map(" ".join))
def test_what_was_masked_comes_back_letter_by_letter(text: str) -> None:
    if any("\ud800" <= char <= "\udfff" or char == "\x00" for char in text):
        return
    made = safe(text)
    assert made.tags.restore(made.parts[0]) == text


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60))
def test_folding_keeps_every_place(text: str) -> None:
    assert len(fold(text)) == len(text)
    spans = find(text, HOPE)
    assert all(one.end <= other.start for one, other in pairwise(spans))


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Saw Otis Quillfeather, 91, today", "91"),
        ("for amadou, ninety-two, a widower", "ninety-two"),
        ("VIN CPL 1234 was towed", "CPL 1234"),
        ("license plate ACT 4821 seen", "ACT 4821"),
        ("from 5/9 - 5/17/2024 away", "5/9"),
        ("Called by hyacinth brown today", "brown"),
        ('Otis "Bear" Quillfeather slept', "Bear"),
        ("Moved to Hastings-on-Hudson", "on-Hudson"),
        ("Lives at the Hebrew Home at Riverdale", "Hebrew"),
        ("seen at metropolitan hospital", "metropolitan hospital"),
        ("pt mr. lindqvist slept", "mr. lindqvist"),
        ("DELACROIX called the front desk", "DELACROIX"),
    ],
)
def test_identifiers_in_odd_shapes_are_masked_whole(text: str, masked: str) -> None:
    at = text.index(masked)
    assert any(found.start <= at and found.end >= at + len(masked) for found in find(text, None))


@pytest.mark.parametrize(
    "text",
    [
        "BP 142/88 and HR 91, then 118/76",
        "over 50 MME, 1.2 mEq/L, 20 tab, 5 CBT sessions",
        "more sleep than before; life has meaning; work experience; favorite music",
        "MCV 104, TSH 2.4, QTc 440",
    ],
)
def test_measures_units_scales_and_everyday_words_stay(text: str) -> None:
    assert find(text, None) == ()


def test_people_of_the_record_are_known_by_what_they_do() -> None:
    record = Record(people=(KnownPerson("client", "Autumn Long"), KnownPerson("p1", "Summer Patel")))
    for text in ("Summer raised the dose.", "Autumn slept well.", "Autumn visits daily."):
        assert [found.who for found in find(text, record)] == ["p1" if text.startswith("Summer") else "client"]
    for text in ("Summer is a hard time of year, long days.", "Long walks help."):
        assert not any(found.who == "client" for found in find(text, record))
