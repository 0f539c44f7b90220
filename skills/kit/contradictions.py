"""Where a chart's medications do not go together, by the rules of `contradictions.toml`: findings for the prescriber.

Pure. Two medications with each other, and a medication with a problem; `medicine_watch` and `list_conflicts` add what
is due and what two sources say differently. A finding names both places and asks for a review. It never says to stop.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import combinations, product
from typing import Any

from ehr_clients.models import Problem
from skills.kit.drugs import Drug, current, daily_mg, drugs, ended_within, members, table
from skills.kit.findings import Finding, OnFile, of_client, of_order, of_problem
from skills.kit.list_conflicts import list_conflicts
from skills.kit.medicine_watch import due

__all__ = ["find"]

NEVER_TRUE = frozenset({"entered-in-error", "refuted"})
PAST = frozenset({"inactive", "resolved", "remission"})
CITALOPRAM_MG, CITALOPRAM_MG_OVER_60, LABEL_AGE = 40, 20, 60
_QT = ("ziprasidone", "thioridazine", "pimozide", "methadone")
_INTRAVENOUS = re.compile(r"\bIV\b|intravenous", re.IGNORECASE)
_FOR_PAIN = re.compile(r"\bpain\b|\banalges\w*|\bbutrans\b|\bbelbuca\b", re.IGNORECASE)
_FOR_ADDICTION = re.compile(
    r"opioid (?:use disorder|dependence|treatment program)|\bOUD\b|\bM?OTP\b|\bMOUD\b|\bMAT\b|suboxone|subutex"
    r"|sublocade|brixadi|zubsolv|sublingual|under the tongue",
    re.IGNORECASE,
)
_OTHERWISE = (
    r"family (?:history|hx)\b.*",
    r"no (?:history|hx) of\b.*",
    r"rule out\b.*",
    r"r/o\b.*",
)  # not this client's, or not known
MOUD = (
    "It is a medication for opioid use disorder: FDA (2017) advises against withholding it; manage the risk together."
)
PURPOSE_UNKNOWN = (
    "Whether it treats opioid use disorder is not documented; if it does, FDA (2017) advises against withholding it."
)


def find(on_file: OnFile) -> tuple[Finding, ...]:
    """Every finding, by rule and ingredient; the same chart gives the same findings in the same order."""
    found = [*_pairs(on_file), *_conditions(on_file), *_qt(on_file), *_unopposed(on_file), *due(on_file)]
    found += list_conflicts(on_file)
    return tuple({finding.key: finding for finding in sorted(found, key=_order)}.values())


def _order(finding: Finding) -> tuple[str, ...]:
    return finding.rule, *finding.ingredients, finding.x.words, finding.y.words


def _current(on_file: OnFile) -> list[Drug]:
    return [drug for order in on_file.medications if current(order) for drug in drugs(order)]


# Two medications


def _pairs(on_file: OnFile) -> Iterator[Finding]:
    everything = [drug for order in on_file.medications for drug in drugs(order)]
    for rule in table()["pairs"]:
        left, right = _either(rule["left"]), _either(rule["right"])
        sides = product([d for d in everything if d.name in left], [d for d in everything if d.name in right])
        for one, other in sides:
            if one.order != other.order and _together(rule, one, other, on_file):
                yield _pair(rule["id"], one, other, on_file)


def _either(groups: list[str]) -> frozenset[str]:
    return frozenset(name for group in groups for name in members(group))


def _together(rule: Mapping[str, Any], one: Drug, other: Drug, on_file: OnFile) -> bool:
    """Both current; or one is, and the other ended so recently that it still acts."""
    now = current(one.order), current(other.order)
    if all(now) or not any(now):
        return all(now)
    gone = other if now[0] else one
    days = rule.get("washout", {}).get(gone.name, rule.get("washout_days", -1))
    return ended_within(gone.order, days, on_file.today)


def _pair(rule: str, one: Drug, other: Drug, on_file: OnFile) -> Finding:
    more = _moud(other, on_file) if rule == "benzodiazepine.opioid" else ""
    names = tuple(sorted((one.name, other.name)))
    return Finding(rule=rule, ingredients=names, x=of_order(one.order), y=of_order(other.order), more=more)


def _moud(opioid: Drug, on_file: OnFile) -> str:
    """Buprenorphine and methadone treat addiction as well as pain: the order and the problem list tell which."""
    if opioid.name not in {"buprenorphine", "methadone"}:
        return ""
    said = " ".join(filter(None, (opioid.order.name, opioid.order.dose, opioid.order.reason)))
    if _FOR_PAIN.search(said):
        return ""
    disorder = any(_is(problem, "opioid_use_disorder") for problem in on_file.problems)
    return MOUD if disorder or _FOR_ADDICTION.search(said) else PURPOSE_UNKNOWN


def _qt(on_file: OnFile) -> Iterator[Finding]:
    counted = [drug for drug in _current(on_file) if _prolongs(drug, on_file)]
    for one, other in combinations(counted, 2):
        if one.name != other.name:
            names = tuple(sorted((one.name, other.name)))
            yield Finding(rule="qt.pair", ingredients=names, x=of_order(one.order), y=of_order(other.order))
    for drug in counted:
        if drug.name == "citalopram" and daily_mg(drug.order) is not None:
            yield Finding(
                rule="qt.citalopram_dose", ingredients=(drug.name,), x=of_order(drug.order), y=of_client(on_file)
            )


def _prolongs(drug: Drug, on_file: OnFile) -> bool:
    if drug.name == "haloperidol":
        return bool(_INTRAVENOUS.search(f"{drug.order.name} {drug.order.dose or ''}"))
    return _high_citalopram(drug, on_file.age) if drug.name == "citalopram" else drug.name in _QT


def _high_citalopram(drug: Drug, age: int | None) -> bool:
    """A dose or an age that is not on file cannot rule it out."""
    dose = daily_mg(drug.order)
    limit = CITALOPRAM_MG if age is not None and age <= LABEL_AGE else CITALOPRAM_MG_OVER_60
    return dose is None or dose > limit


# A medication and a problem


def _conditions(on_file: OnFile) -> Iterator[Finding]:
    for rule in table()["conditions"]:
        drugs_meant, ever = _either(rule["drugs"]), rule.get("ever", False)
        for drug, problem in product(_current(on_file), on_file.problems):
            if drug.name in drugs_meant and _is(problem, rule["problem"], ever=ever):
                places = of_order(drug.order), of_problem(problem)
                yield Finding(rule=rule["id"], ingredients=(drug.name,), x=places[0], y=places[1])


def _is(problem: Problem, kind: str, *, ever: bool = False) -> bool:
    """Whether a problem is of this kind and, unless `ever` counts, present. No status on file does not mean past."""
    if problem.status in NEVER_TRUE or (problem.status in PAST and not ever):
        return False
    codes, words, but = _kinds()[kind]
    text = problem.text.lower()
    rest = but.sub(" ", text)
    return bool(words.search(rest)) or (rest == text and _coded(problem.code, codes))


def _coded(code: str | None, prefixes: tuple[str, ...]) -> bool:
    plain = (code or "").upper().replace(".", "")
    return any(plain.startswith(prefix.replace(".", "")) for prefix in prefixes)


def _unopposed(on_file: OnFile) -> Iterator[Finding]:
    """An antidepressant alone in bipolar disorder: nothing current that holds mania back."""
    now = _current(on_file)
    holding = members("mood_stabilizer") | members("antipsychotic")
    if any(drug.name in holding for drug in now):
        return
    lone = [drug for drug in now if drug.name in members("antidepressant")]
    for drug, problem in product(lone, (each for each in on_file.problems if _is(each, "bipolar", ever=True))):
        places = of_order(drug.order), of_problem(problem)
        yield Finding(rule="antidepressant.bipolar", ingredients=(drug.name,), x=places[0], y=places[1])


@cache
def _kinds() -> Mapping[str, tuple[tuple[str, ...], re.Pattern[str], re.Pattern[str]]]:
    return {
        kind: (tuple(entry["icd10"]), _any_of(entry["words"]), _any_of([*entry["but"], *_OTHERWISE]))
        for kind, entry in table()["problems"].items()
    }


def _any_of(patterns: list[str]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(patterns)})", re.IGNORECASE)
