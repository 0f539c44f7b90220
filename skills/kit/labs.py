"""Laboratory results as notes mention them: "ANC 1,400", "lithium level 0.8 on 10/02/2026". Orders are no results."""

import re
from collections.abc import Iterator
from dataclasses import replace

from ehr_clients.models import Medication, Note
from skills.kit.findings import Lab, OnFile
from skills.kit.notes import sentences
from skills.kit.words import as_day, stated_day

_GAP = r"[^.;\d]{0,24}?"
_VALUE = r"(?P<value>\d[\d,]*(?:\.\d+)?)"
_NAMED = {
    "lithium": re.compile(
        rf"\b(?:(?i:lithium)|Li)\s+(?:level|trough)\b(?:{_GAP}{_VALUE})?"
        rf"|\b(?i:lithium)\b[^.;]{{0,60}}?\blevel\b{_GAP}{_VALUE.replace('value', 'later')}"
        r"|\b(?i:lithium)\s+(?P<bare>\d(?:\.\d+)?)\s*(?:mEq|mmol)"
    ),
    "anc": re.compile(rf"\b(?:ANC|absolute neutrophil count)\b(?:{_GAP}{_VALUE})?", re.IGNORECASE),
    "egfr": re.compile(rf"\beGFR\b(?:{_GAP}{_VALUE})?", re.IGNORECASE),
    "a1c": re.compile(rf"\b(?:Hb|hemoglobin )?A1c\b(?:{_GAP}{_VALUE})?", re.IGNORECASE),
    "glucose": re.compile(rf"\bglucose\b(?:{_GAP}{_VALUE})?", re.IGNORECASE),
    "lipids": re.compile(
        rf"\b(?:lipids?(?: panel)?|LDL|cholesterol|triglycerides)\b(?:{_GAP}{_VALUE})?", re.IGNORECASE
    ),
    "weight": re.compile(
        rf"\b(?:weight|BMI|wt)\b{_GAP}{_VALUE}|\b\d{{2,3}}(?:\.\d)? ?(?:lbs?|kg|pounds)\b", re.IGNORECASE
    ),
}
_ASKED_FOR = re.compile(
    r"\b(?:order\w*|due|overdue|draw|schedul\w*|needs?|will|pending|re-?check|repeat|next|obtain|check|awaiting|missing|get)\b"
    r"|\bnot (?:done|drawn|available|on file)\b|\bno\b",
    re.IGNORECASE,
)
_SUPPOSED = re.compile(r"\b(?:if|target|goal|hold (?:for|when)|less than|below|under|unless)\b", re.IGNORECASE)
_PER_NL = 30  # an ANC below this is written in thousands


def on_file(chart: OnFile) -> tuple[Lab, ...]:
    """Results read and results mentioned, newest first; undated ones last."""
    noted = [lab for note in chart.notes for lab in _mentioned(note)]
    found = [*(chart.labs or ()), *noted, *(lab for order in chart.medications for lab in _beside(order))]
    return tuple(sorted(found, key=lambda lab: as_day(lab.when).toordinal() if lab.when else 0, reverse=True))


def _mentioned(note: Note) -> Iterator[Lab]:
    for sentence in sentences(note.text):
        when = stated_day(sentence.text) or (as_day(note.when) if note.when else None)
        for name, value in _results(sentence.text):
            yield Lab(name, value, when, replace(note.source, line=sentence.line))


def _beside(order: Medication) -> Iterator[Lab]:
    """What an order says beside its dose: "level 0.7 on 11/17/2026" is that medication's. Without a date, no result."""
    for told in (words for words in (order.dose, order.reason) if words and stated_day(words)):
        for name, value in _results(f"{order.name}: {told}".replace(";", ",")):
            yield Lab(name, value, stated_day(told), order.source)


def _results(text: str) -> Iterator[tuple[str, float | None]]:
    for name, pattern in _NAMED.items():
        for match in pattern.finditer(text):
            if _is_a_result(text, value := _value(name, match)):
                yield name, value


def _is_a_result(text: str, value: float | None) -> bool:
    return not _SUPPOSED.search(text) and (value is not None or not _ASKED_FOR.search(text))


def _value(name: str, match: re.Match[str]) -> float | None:
    digits = next((found for found in match.groups() if found), None)
    if digits is None:
        return None
    value = float(digits.replace(",", ""))
    return value * 1000 if name == "anc" and value < _PER_NL else value
