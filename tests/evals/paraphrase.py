"""Faithful rewordings of the handoff's own lines, by rule: reordered, abbreviated, spelled out, dates in other shapes."""

import re
from collections.abc import Iterator
from datetime import datetime

_DATE = r"(\d\d/\d\d/\d{4})"
_ONES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]


def long(day: str) -> str:
    """11/09/2026 as November 9, 2026."""
    when = datetime.strptime(day, "%m/%d/%Y")  # noqa: DTZ007 - a calendar day
    return f"{when:%B} {when.day}, {when.year}"


def short(day: str) -> str:
    when = datetime.strptime(day, "%m/%d/%Y")  # noqa: DTZ007 - a calendar day
    return f"{when:%b} {when.day}"


def iso(day: str) -> str:
    return f"{datetime.strptime(day, '%m/%d/%Y'):%Y-%m-%d}"  # noqa: DTZ007 - a calendar day


def spelled(number: str) -> str:
    return _ONES[int(number)] if int(number) < len(_ONES) else number


def faithful(line: str) -> list[str]:
    """() when no rule fits."""
    return [
        said
        for rule in (
            _denial,
            _score,
            _visits,
            _order,
            _change,
            _screen,
            _diagnoses,
            _allergy,
            _team,
            _supports,
            _absent,
            _goal,
            _course,
        )
        for said in rule(line)
    ]


def _denial(line: str) -> Iterator[str]:
    if found := re.fullmatch(rf"Safety as noted, {_DATE}: “(?:Denies|Denied|No) SI/HI\.”", line):
        yield f"On {long(found[1])} the client denied suicidal and homicidal ideation."
        yield f"No SI or HI was reported on {found[1]}."
        yield f"SI/HI: denied ({short(found[1])})."


def _score(line: str) -> Iterator[str]:
    shape = rf"([A-Z]+-\w+): (\d+) \(([a-z ]+)\) on {_DATE}; (up|down) (\d+), (.*?change); before: (\d+) \({_DATE}\).*"
    if found := re.fullmatch(shape, line):
        name, now, band, day, way, step, meant, before, then = found.groups()
        verb = "rose" if way == "up" else "fell"
        yield f"The {name} {verb} by {spelled(step)} to {now} ({band}) on {long(day)}, {meant}."
        yield f"{name} was {now} on {iso(day)}, {band}, compared with {before} on {iso(then)}."
        yield f"{name} {before} -> {now} between {short(then)} and {short(day)}."


def _visits(line: str) -> Iterator[str]:
    if found := re.match(rf"Last visit kept: {_DATE}, ([^;]+); kept (\d+) of (\d+) visits in the past year", line):
        day, kind, kept, every = found.groups()
        yield f"The client attended {spelled(kept)} of {spelled(every)} visits over the past year, most recently {kind.lower()} on {long(day)}."
        yield f"Kept {kept}/{every} appointments in the past year; the last was {short(day)}."
    if found := re.search(rf"missed {_DATE}", line):
        yield f"The visit of {long(found[1])} was missed."
        yield f"Client did not attend on {found[1]}."


def _order(line: str) -> Iterator[str]:
    if found := re.match(
        rf"(\w+) (\d[\d.]*) mg [^,]+, (\d[\d.]*) mg by mouth ([^,;]+), since {_DATE}, ([A-Z]\w+ [A-Z]\w+), (\w+)", line
    ):
        name, _, dose, often, day, who, title = found.groups()
        yield f"Takes {name.lower()} {dose} mg PO {often}, prescribed by {who}, {title} since {long(day)}."
        yield f"{name} {dose} mg {often} has been ordered since {day}."
        yield f"{who} started {name.lower()} {dose}mg on {short(day)}."


def _change(line: str) -> Iterator[str]:
    if found := re.match(rf"Last change, {_DATE}: (\w+) (\d+) mg [^;]+ started; \2 (\d+) mg [^;]+ stopped", line):
        day, name, new, old = found.groups()
        yield f"{name} was raised from {old} mg to {new} mg on {long(day)}."
        yield f"On {day} {name.lower()} {old} mg was discontinued and {new} mg begun."
    elif found := re.match(rf"Last change, {_DATE}: (\w+) (\d+) mg [\w -]+ started\.", line):
        yield f"The most recent medication change was starting {found[2].lower()} {found[3]} mg on {long(found[1])}."


def _screen(line: str) -> Iterator[str]:
    if found := re.fullmatch(rf"Safety level \(C-SSRS\): (\w+) on {_DATE}, before that (\w+) on {_DATE}\.", line):
        yield f"C-SSRS was {found[1]} on {long(found[2])}, after {found[3]} on {long(found[4])}."
        yield f"On {found[4]} the C-SSRS was {found[3]}; on {found[2]} it was {found[1]}."
    if found := re.fullmatch(rf"Safety plan of {_DATE}: all six steps on file\.", line):
        yield f"A safety plan dated {long(found[1])} is on file with all 6 steps."


def _diagnoses(line: str) -> Iterator[str]:
    if found := re.fullmatch(r"Diagnoses: (.+); ([^;]+)\.", line):
        yield f"The client is diagnosed with {found[2].lower()} and {found[1][0].lower()}{found[1][1:]}."
        yield f"Dx: {found[1]}; {found[2]}."


def _allergy(line: str) -> Iterator[str]:
    if found := re.fullmatch(r"([A-Z][a-z]+): ([^,]+), (low|high) criticality\.", line):
        yield f"Allergic to {found[1].lower()} ({found[2].lower()}; {found[3]} criticality)."
        yield f"{found[1]} causes {found[2].lower()}."
    if line == "No known allergies.":
        yield "The client has no known allergies."
        yield "NKA."


def _team(line: str) -> Iterator[str]:
    if found := re.match(r"Care team: ([\w ]+), (\w+) \(([\w ]+)\); ([\w ]+), (\w+) \(([\w ]+)\)", line):
        yield f"{found[1]}, {found[2]} is the {found[3].lower()} and {found[4]}, {found[5]} the {found[6].lower()}."


def _supports(line: str) -> Iterator[str]:
    if found := re.match(
        r"Supports: ([\w' ]+), (Wife|Husband|Mother|Father|Brother|Sister|Son|Partner)\b[^(]*\(release not documented\)",
        line,
    ):
        yield f"{found[1]}, the client's {found[2].lower()}, stands by as a support; no release is documented."
        yield f"Support: {found[2].lower()} {found[1]} (release not on file)."


def _absent(line: str) -> Iterator[str]:
    if found := re.fullmatch(
        r"(Safety plan|Alerts|Labs due|Consents|Course|GAD-7|PHQ-9|Safety level \(C-SSRS\)): not documented\.", line
    ):
        thing = found[1] if found[1].isupper() or "-" in found[1] else found[1].lower()
        yield f"There is no {thing} on file."
        yield f"The chart does not document: {thing}."
        yield f"{found[1]} - not documented in the chart."


def _goal(line: str) -> Iterator[str]:
    if found := re.fullmatch(
        rf"Goal: (.+?) \(baseline (\d+ [\w/]+) on {_DATE}, target (\d+ [\w/]+), due {_DATE}, (\w[\w-]*)\)\.", line
    ):
        goal, base, day, target, due, state = found.groups()
        yield f"One goal, due {long(due)}, is {state}: {_within(goal)} (from {base} at baseline to {target})."
        yield f"{goal}: baseline {base} ({day}), target {target} by {iso(due)}; {state}."


def _course(line: str) -> Iterator[str]:
    if found := re.fullmatch(rf"Course, {_DATE}: “([^”\"]+)\.”", line):
        yield f"The note of {long(found[1])} reads “{found[2]}.”"
        yield f"As of {found[1]}: {found[2][0].lower()}{found[2][1:]}."


def _within(words: str) -> str:
    """As it stands within a sentence: abbreviations keep their capitals."""
    return words if words[1:2].isupper() else words[0].lower() + words[1:]
