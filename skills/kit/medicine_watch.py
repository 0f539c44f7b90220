"""What a medication asks to be watched, and what is on file about it: levels, counts, weight, the first weeks.

Not on file never means not done: a finding says "no level on file", and why the file may not hold it.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta

from ehr_clients.models import Medication, Note
from skills.kit import labs
from skills.kit.drugs import Drug, current, daily_mg, drugs, members
from skills.kit.findings import Finding, Lab, OnFile, Place, nowhere, of_lab, of_note, of_order
from skills.kit.list_conflicts import at_line
from skills.kit.notes import Sentence, sentences
from skills.kit.safety import Said, said
from skills.kit.words import as_day, day, listed

SIX_MONTHS, A_YEAR = timedelta(days=183), timedelta(days=365)
LOW_EGFR = 60
ANC_INTERRUPT, ANC_MILD, ANC_INTERRUPT_BEN, ANC_MILD_BEN = 1000, 1500, 500, 1000
ANC_WEEKLY, ANC_TWO_WEEKLY = timedelta(days=182), timedelta(days=364)  # how long counts are due so often
BEARING = range(12, 51)  # years of age
HLA_WINDOW = timedelta(days=90)  # most reactions come in the first months (label)
YOUNG, MONITORED_AFTER_CHANGE = 24, timedelta(days=60)
DRANK_LATELY = timedelta(days=30)
ONE_TREATMENT = timedelta(days=30)  # orders with no longer gap between them are one treatment
_LAMOTRIGINE = (14, 28, 35, 42)  # days since the start, and the most milligrams a day until then
_MOST = {"alone": (25, 50, 100, 200), "valproate": (12.5, 25, 50, 100), "inducer": (50, 100, 200, 300)}
_BEN = re.compile(r"(?i:\bbenign ethnic neutropenia\b|\bDuffy[- ]null\b)|\bBEN\b")
_CONTRACEPTION = re.compile(
    r"contracepti|birth control|\bIUD\b|nexplanon|mirena|\bdepo\b|depo-provera|\bOCPs?\b|tubal|vasectomy|hysterectomy"
    r"|menopaus|steriliz|levonorgestrel|estradiol|norethindrone|medroxyprogesterone|drospirenone|etonogestrel|norgesti",
    re.IGNORECASE,
)
_NOT_USED = re.compile(
    r"\b(?:no|not|without|declin\w*|refus\w*|stopped|never|denies|offered|discuss\w*|needs?|consider\w*)\b",
    re.IGNORECASE,
)
_HLA = re.compile(r"\bHLA-?\s?B\b", re.IGNORECASE)
_DRANK = re.compile(
    r"\b(?:drank|drinks|drinking|beers?|wine|vodka|whiske?y|liquor|intoxicated|relapsed on alcohol)\b", re.IGNORECASE
)
_NOT_DRUNK = re.compile(
    r"\b(?:no|not|n't|den(?:y|ies|ied)|without|stopped|quit|abstinen\w*|sober|never|avoid\w*|urges?|crav\w*|warn\w*|if"
    r"|discuss\w*|explain\w*|educat\w*|water|coffee|before|used to|history|refused|reaction)\b|\bdays? since",
    re.IGNORECASE,
)


def due(on_file: OnFile) -> Iterator[Finding]:
    found = labs.on_file(on_file)
    for drug in (drug for order in on_file.medications if current(order) for drug in drugs(order)):
        yield from _lithium(drug, on_file, found)
        yield from _clozapine(drug, on_file, found)
        yield from _metabolic(drug, on_file, found)
        yield from _valproate(drug, on_file)
        yield from _carbamazepine(drug, on_file)
        yield from _young(drug, on_file)
        yield from _disulfiram(drug, on_file)
        yield from _lamotrigine(drug, on_file)


def _finding(rule: str, drug: Drug, place: Place) -> Finding:
    return Finding(rule=rule, ingredients=(drug.name,), x=of_order(drug.order), y=place)


def _newest(found: tuple[Lab, ...], *names: str) -> Lab | None:
    return next((lab for lab in found if lab.name in names), None)


def _within(lab: Lab | None, span: timedelta, today: date) -> bool:
    return lab is not None and lab.when is not None and today - as_day(lab.when) <= span


def taken_since(drug: Drug, on_file: OnFile) -> date | None:
    """When the treatment began: a new order after a change of dose goes on with it. None: not on file."""
    orders = [o for o in on_file.medications if drug.name in {each.name for each in drugs(o)} and o.started]
    since = drug.order.started
    for order in sorted(orders, key=_started, reverse=True):
        until = on_file.today if current(order) else order.changed
        if since and until and order.started and order.started < since <= until + ONE_TREATMENT:
            since = order.started
    return since


def _started(order: Medication) -> date:
    return order.started or date.min


# Levels and counts


def _lithium(drug: Drug, on_file: OnFile, found: tuple[Lab, ...]) -> Iterator[Finding]:
    if drug.name != "lithium":
        return
    if not _within(_newest(found, "lithium"), SIX_MONTHS, on_file.today):
        yield _finding("lithium.no_level", drug, nowhere("no lithium level of the last six months", on_file))
    kidneys = _newest(found, "egfr")
    if not _within(kidneys, A_YEAR, on_file.today):
        yield _finding("lithium.no_egfr", drug, nowhere("no eGFR of the last twelve months", on_file))
    if kidneys and kidneys.value is not None and kidneys.value < LOW_EGFR:
        yield _finding("lithium.egfr", drug, of_lab(kidneys, f"eGFR {kidneys.value:g}"))


def _clozapine(drug: Drug, on_file: OnFile, found: tuple[Lab, ...]) -> Iterator[Finding]:
    if drug.name != "clozapine":
        return
    count = _newest(found, "anc")
    every = _counted_every(taken_since(drug, on_file), on_file.today)
    if not _within(count, every, on_file.today):
        yield _finding("clozapine.no_anc", drug, nowhere(f"no ANC of the last {every.days} days", on_file))
    if count and count.value is not None and (rule := _band(count.value, on_file)):
        yield _finding(rule, drug, of_lab(count, f"ANC {count.value:,.0f}/µL"))


def _counted_every(since: date | None, today: date) -> timedelta:
    """Weekly, every two weeks, monthly; where the start is not on file, the longest that can be right."""
    if since is not None and today - since <= ANC_WEEKLY:
        return timedelta(days=7)
    return timedelta(days=14 if since is not None and today - since <= ANC_TWO_WEEKLY else 31)


def _band(count: float, on_file: OnFile) -> str | None:
    said_so = [*(problem.text for problem in on_file.problems), *(note.text for note in on_file.notes)]
    benign = any(_BEN.search(text) for text in said_so)
    interrupt, mild = (ANC_INTERRUPT_BEN, ANC_MILD_BEN) if benign else (ANC_INTERRUPT, ANC_MILD)
    if count < interrupt:
        return "clozapine.anc_low"
    return "clozapine.anc_mild" if count < mild else None


def _metabolic(drug: Drug, on_file: OnFile, found: tuple[Lab, ...]) -> Iterator[Finding]:
    if drug.name not in members("sga"):
        return
    wanted = {"weight": ("weight",), "glucose or A1c": ("a1c", "glucose"), "lipids": ("lipids",)}
    absent = [what for what, names in wanted.items() if not _within(_newest(found, *names), A_YEAR, on_file.today)]
    if absent:
        place = nowhere(f"no {listed(absent, last='or')} of the last twelve months", on_file)
        yield _finding("sga.metabolic", drug, place)


# Who takes it, and for how long


def _valproate(drug: Drug, on_file: OnFile) -> Iterator[Finding]:
    """Sex or age that is not on file cannot rule it out."""
    bearing = on_file.sex != "male" and (on_file.age is None or on_file.age in BEARING)
    if drug.name == "valproate" and bearing and not _contraception(on_file):
        yield _finding("valproate.childbearing", drug, nowhere("no contraception", on_file))


def _contraception(on_file: OnFile) -> bool:
    """In use, by a note, the medication list or the problem list; a note that it is not used does not count."""
    listed_so = [*(o.name for o in on_file.medications if current(o)), *(p.text for p in on_file.problems)]
    return (
        any(map(_CONTRACEPTION.search, listed_so))
        or _noted(on_file, lambda text: bool(_CONTRACEPTION.search(text)) and not _NOT_USED.search(text)) is not None
    )


def _carbamazepine(drug: Drug, on_file: OnFile) -> Iterator[Finding]:
    if drug.name != "carbamazepine":
        return
    since = taken_since(drug, on_file)
    lately = since is None or on_file.today - since <= HLA_WINDOW
    if lately and _noted(on_file, lambda text: bool(_HLA.search(text))) is None:
        yield _finding("carbamazepine.hla", drug, nowhere("no HLA-B*1502 result", on_file))


def _young(drug: Drug, on_file: OnFile) -> Iterator[Finding]:
    if drug.name not in members("antidepressant") or (on_file.age is not None and on_file.age > YOUNG):
        return
    changes = [when for when in (drug.order.started, drug.order.changed) if when and when <= on_file.today]
    last = max(changes, default=None)
    if last and on_file.today - last <= MONITORED_AFTER_CHANGE and not _asked_since(last, on_file):
        yield _finding("antidepressant.young", drug, nowhere(f"no suicide risk assessment after {day(last)}", on_file))


def _asked_since(last: date, on_file: OnFile) -> bool:
    """A C-SSRS, an answered item 9, or a note that says what the client answered. "Not assessed" is no answer."""
    sittings = [each for each in on_file.assessments if each.when and as_day(each.when) > last]
    measured = any(each.instrument == "C-SSRS" or each.answer(9) is not None for each in sittings)
    answered = {Said.DENIED, Said.MENTIONED}
    return measured or _noted(on_file, lambda text: said(text) in answered, after=last) is not None


def _disulfiram(drug: Drug, on_file: OnFile) -> Iterator[Finding]:
    if drug.name != "disulfiram":
        return
    lately = on_file.today - DRANK_LATELY
    since = max(drug.order.started, lately) if drug.order.started else lately
    told = _noted(on_file, lambda text: bool(_DRANK.search(text)) and not _NOT_DRUNK.search(text), after=since)
    if told:
        note, sentence = told
        yield _finding("disulfiram.alcohol", drug, of_note(at_line(note, sentence), sentence.text))


def _lamotrigine(drug: Drug, on_file: OnFile) -> Iterator[Finding]:
    """Dose against the label's week. Where the start or the dose is not on file, nothing can be said."""
    since, dose = taken_since(drug, on_file), daily_mg(drug.order)
    if drug.name != "lamotrigine" or since is None or dose is None:
        return
    days, others = (
        (on_file.today - since).days,
        {each.name for o in on_file.medications if current(o) for each in drugs(o)},
    )
    most = next((mg for until, mg in zip(_LAMOTRIGINE, _ceiling(others), strict=True) if 0 <= days < until), None)
    if most is not None and dose > most:
        yield _finding(
            "lamotrigine.titration", drug, Place(f"the label gives at most {most:g} mg a day on day {days + 1}")
        )


def _ceiling(others: set[str]) -> tuple[float, ...]:
    if "valproate" in others:
        return _MOST["valproate"]
    inducers = members("lamotrigine_inducer") | {"carbamazepine"}
    return _MOST["inducer"] if others & inducers else _MOST["alone"]


def _noted(
    on_file: OnFile, wanted: Callable[[str], bool], *, after: date | None = None
) -> tuple[Note, Sentence] | None:
    """The newest sentence of a note that is wanted; with `after`, only of later notes. Our handoffs are none."""
    for note in on_file.notes:
        own = "handoff" in f"{note.kind} {note.source.title}".lower()
        late_enough = after is None or (note.when is not None and as_day(note.when) > after)
        for sentence in sentences(note.text) if late_enough and not own else ():
            if wanted(sentence.text):
                return note, sentence
    return None
