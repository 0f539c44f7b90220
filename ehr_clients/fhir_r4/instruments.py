"""Assessments: totals, item answers and levels, gathered into one administration from however the EHR keeps them.

An EHR may send a total alone, a panel with members, a panel with components, single items, a QuestionnaireResponse, or
several of these for the same sitting. What shares an instrument and a point in time is one sitting; `hasMember` and
`derivedFrom` tie in what was timed otherwise. Where two sources of one answer disagree, the higher one stands.
A missing answer is None, never 0.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ehr_clients.codes import (
    CSSRS,
    CSSRS_BEHAVIOUR_3_MONTHS,
    CSSRS_BEHAVIOUR_LIFETIME,
    CSSRS_LEVEL,
    FREQUENCY,
    INSTRUMENTS,
    LEVELS,
    LOINC,
    PHQ2,
    PHQ9,
    RISK_LEVELS,
    SUD_INSTRUMENTS,
    YES_NO,
    Instrument,
)
from ehr_clients.fhir_r4.labels import labels_of
from ehr_clients.fhir_r4.values import (
    Json,
    boolean,
    codes,
    extensions,
    many,
    moment,
    newest_first,
    number,
    pick,
    ref_of,
    reference,
    references,
    same_instant,
    string,
    version_of,
    words,
)
from ehr_clients.models import Answer, Assessment, Source

_BY_CODE: dict[str, Instrument] = {
    code: tool for tool in INSTRUMENTS for code in (tool.panel, tool.total, *tool.items) if code is not None
} | {CSSRS_LEVEL: CSSRS}
SEARCHED = tuple(_BY_CODE)
_HIGHEST_ANSWER = {"PHQ-9": 3, "GAD-7": 3, "C-SSRS": 1}
_PHQ2_ITEMS = frozenset(PHQ9.items[:2])


class Sitting(NamedTuple):
    instrument: str
    when: str


@dataclass(slots=True)
class _Gathered:
    """What is known of one sitting while its resources are read."""

    tool: Instrument
    answers: dict[str, int | None] = field(default_factory=dict)
    totals: list[float] = field(default_factory=list)
    level: str | None = None
    resources: list[tuple[int, Json]] = field(default_factory=list)  # (how well it stands for the sitting, resource)


def assessments(observations: list[Json], responses: list[Json]) -> list[Assessment]:
    """Newest first. Toddlers, decimals and half-answered forms included: judging them is the reader's."""
    homes = _homes(observations, responses)
    sittings: dict[Sitting, _Gathered] = {}
    for observation in observations:
        _read_observation(observation, homes, sittings)
    for response in responses:
        _read_response(response, sittings)
    _give_phq2_its_items(sittings)
    made = [_assessment(gathered) for gathered in sittings.values()]
    order = {
        ref: place for place, ref in enumerate(ref_of(r) for r in newest_first([*observations, *responses], when_of))
    }
    return sorted(made, key=lambda assessment: order.get(assessment.source.ref, len(order)))


def when_of(resource: Json) -> Any:
    period = resource.get("effectivePeriod")
    return (
        string(resource.get("effectiveDateTime"))
        or string(resource.get("effectiveInstant"))
        or string(pick(period, "end"))
        or string(pick(period, "start"))
        or string(resource.get("authored"))
        or string(resource.get("issued"))
    )


def _homes(observations: list[Json], responses: list[Json]) -> dict[str, str]:
    """Observation -> the moment of the sitting it belongs to, where a panel or a response says so."""
    moments = {ref_of(resource): _moment(resource) for resource in [*observations, *responses]}
    homes: dict[str, str] = {}
    for observation in observations:
        for member in references(observation.get("hasMember")):
            homes[member] = _moment(observation)
        for parent in references(observation.get("derivedFrom")):
            if parent in moments:
                homes.setdefault(ref_of(observation), moments[parent])
    return homes


def _moment(resource: Json) -> str:
    return same_instant(when_of(resource)) or reference(resource.get("encounter")) or ref_of(resource)


def _read_observation(observation: Json, homes: dict[str, str], sittings: dict[Sitting, _Gathered]) -> None:
    code = next((code for code in codes(observation.get("code"), LOINC) if code in _BY_CODE), None)
    if code is None:
        return
    tool = _BY_CODE[code]
    gathered = _sitting(sittings, tool, homes.get(ref_of(observation)) or _moment(observation))
    gathered.resources.append((_standing(tool, code), observation))
    _take(gathered, code, observation)
    for component in many(observation.get("component")):
        for inner in codes(component.get("code"), LOINC):
            _take(gathered, inner, component)


def _read_response(response: Json, sittings: dict[Sitting, _Gathered]) -> None:
    found = [(code, item) for item in _items(response) if (code := _link_code(item)) in _BY_CODE]
    asked = (string(response.get("questionnaire")) or "").split("|")[0].rsplit("/", 1)[-1]
    tools = {_BY_CODE[code].name: _BY_CODE[code] for code in [asked, *(code for code, _ in found)] if code in _BY_CODE}
    for tool in tools.values():
        gathered = _sitting(sittings, tool, _moment(response))
        gathered.resources.append((2, response))
        for code, item in found:
            if _BY_CODE[code].name == tool.name:
                _take(gathered, code, pick(item, "answer") or {})


def _sitting(sittings: dict[Sitting, _Gathered], tool: Instrument, when: str) -> _Gathered:
    return sittings.setdefault(Sitting(tool.name, when), _Gathered(tool))


def _standing(tool: Instrument, code: str) -> int:
    """0 stands best for the whole sitting: total or level, then panel, then a response (2), then an item."""
    return 0 if code in {tool.total, CSSRS_LEVEL} else 1 if code == tool.panel else 3


def _items(node: Json, depth: int = 0) -> Iterator[Json]:
    if depth > 12:
        return
    for item in many(node.get("item")):
        yield item
        yield from _items(item, depth + 1)
        for answer in many(item.get("answer")):
            yield from _items(answer, depth + 1)


def _link_code(item: Json) -> str:
    """LOINC stands in linkId, behind slashes; some servers put it into `definition`."""
    link = (string(item.get("linkId")) or "").rsplit("/", 1)[-1]
    return link if link in _BY_CODE else (string(item.get("definition")) or "").rsplit("/", 1)[-1]


def _take(gathered: _Gathered, code: str, element: Any) -> None:
    tool = gathered.tool
    if code == tool.total:
        total = score(element)
        gathered.totals += [total] if total is not None and 0 <= total <= tool.highest else []
    elif code == CSSRS_LEVEL:
        gathered.level = higher(gathered.level, _risk_level(element))
    elif code in tool.items:
        value, before = answer_value(element, _HIGHEST_ANSWER.get(tool.name, 3)), gathered.answers.get(code)
        gathered.answers[code] = value if before is None else before if value is None else max(value, before)


def score(element: Any) -> float | None:
    """A total, in any of the shapes servers send: Quantity, integer, decimal, text or a coded text."""
    for name in ("valueQuantity", "valueInteger", "valueDecimal", "valueString", "valueCodeableConcept", "valueCoding"):
        value = pick(element, name)
        if value is None:
            continue
        written = [pick(value, "value"), pick(value, "text"), pick(value, "coding", "display"), *codes(value)]
        return next((found for item in [value, *written] if (found := number(item)) is not None), None)
    return None


def answer_value(element: Any, highest: int) -> int | None:
    """One answer as its number: by LOINC answer code, yes/no, ordinal extension or number. Words are not scored."""
    known = FREQUENCY if highest == 3 else YES_NO
    for name in ("valueCodeableConcept", "valueCoding"):
        value = pick(element, name)
        for code in codes(value):
            if code in known:
                return known[code]
        for coding in [*many(pick(value, "coding")), *many(value)]:
            for extension in (*extensions(coding, "/ordinalValue"), *extensions(coding, "/itemWeight")):
                return _within(number(extension.get("valueDecimal")), highest)
    yes = boolean(pick(element, "valueBoolean"))
    return int(yes) if yes is not None and highest == 1 else _within(score(element), highest)


def _within(value: float | None, highest: int) -> int | None:
    return int(value) if value is not None and value.is_integer() and 0 <= value <= highest else None


def _risk_level(element: Any) -> str | None:
    value = pick(element, "valueCodeableConcept") or pick(element, "valueCoding")
    by_code = next((RISK_LEVELS[code] for code in codes(value) if code in RISK_LEVELS), None)
    text = (words(value) or string(pick(element, "valueString")) or "").lower()
    return by_code or next((level for level in LEVELS if text in {level, f"{level} risk"}), None)


def higher(one: str | None, other: str | None) -> str | None:
    return max((level for level in (one, other) if level), key=LEVELS.index, default=None)


def columbia_level(answers: dict[str, int | None]) -> str | None:
    """Columbia's rule (DOMAIN 8). None when nothing was answered yes, or when "low" cannot be told from more.

    "Low" means questions 1 or 2 *only*: it needs a "no" to behavior ever and, after a yes to 2, to 3-5 as well.
    """
    wish, thoughts, method, intent, plan = (answers.get(code) for code in CSSRS.items[:5])
    lifetime, recent = answers.get(CSSRS_BEHAVIOUR_LIFETIME), answers.get(CSSRS_BEHAVIOUR_3_MONTHS)
    if 1 in {intent, plan, recent}:
        return "high"
    if 1 in {method, lifetime}:
        return "moderate"
    if 1 not in {wish, thoughts}:
        return None
    rest_is_no = thoughts == 0 or {method, intent, plan} == {0}
    return "low" if lifetime == 0 and rest_is_no else None


def _give_phq2_its_items(sittings: dict[Sitting, _Gathered]) -> None:
    """The PHQ-2 shares its two items with the PHQ-9: alone beside a PHQ-2 total they are no PHQ-9."""
    for sitting in [sitting for sitting in sittings if sitting.instrument == PHQ9.name]:
        gathered, short = sittings[sitting], sittings.get(Sitting(PHQ2.name, sitting.when))
        if short and not gathered.totals and gathered.answers.keys() <= _PHQ2_ITEMS and gathered.answers:
            short.answers |= gathered.answers
            short.resources += gathered.resources
            del sittings[sitting]


def _assessment(gathered: _Gathered) -> Assessment:
    tool, answers = gathered.tool, gathered.answers
    resources = [resource for _, resource in sorted(gathered.resources, key=lambda pair: pair[0])]
    first = resources[0]
    title = f"{tool.name} total" if gathered.totals else tool.name
    answered = columbia_level(answers) if tool is CSSRS else None
    listed = _answers(tool, answers)
    if gathered.level and answered and gathered.level != answered:
        title = f"{tool.name} (the reported and the answered level differ)"
        listed += (Answer(CSSRS_LEVEL, None, LEVELS.index(gathered.level) + 1),)
    when = moment(when_of(first))
    return Assessment(
        source=Source(ref_of(first), version_of(*_unique(resources)), title, when),
        labels=labels_of(*resources, looks_sud=tool.name in SUD_INSTRUMENTS),
        instrument=tool.name,
        when=when,
        total=_total(gathered),
        level=higher(gathered.level, answered),
        answers=listed,
    )


def _answers(tool: Instrument, answers: dict[str, int | None]) -> tuple[Answer, ...]:
    """All items once any was asked, the unanswered ones with None; none when only a total is on file."""
    items = tool.items or tuple(code for code in PHQ9.items[:2] if code in answers)
    return tuple(Answer(code, place, answers.get(code)) for place, code in enumerate(items, 1)) if answers else ()


def _total(gathered: _Gathered) -> float | None:
    """The reported total; the sum only where every item was answered and nobody reported one."""
    values = [gathered.answers.get(code) for code in gathered.tool.items]
    known = [value for value in values if value is not None]
    if gathered.totals:
        return max(gathered.totals)
    return float(sum(known)) if gathered.tool.total and known and len(known) == len(values) else None


def _unique(resources: list[Json]) -> list[Json]:
    return list({ref_of(resource): resource for resource in resources}.values())
