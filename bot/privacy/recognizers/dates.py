"""Dates in every shape people write them: all elements of a date but the year (45 CFR 164.514(b)(2)(i)(C)), and ages over 89."""

import re
from collections.abc import Iterator
from typing import Final

from bot.privacy.recognizers.shapes import FIGURE, Starts, shape
from bot.privacy.recognizers.spans import SHAPE, Found, Kind

_MONTH: Final = (
    r"(?:jan(?:uary)?|feb(?:r?uary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_ABROAD: Final = (
    r"(?:enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre"
    r"|janvier|fevrier|mars|avril|mai|juin|juillet|aout|septembre|octobre|novembre|decembre"
    r"|januar|februar|marz|juni|juli|oktober|dezember|gennaio|febbraio|aprile|maggio|giugno|luglio|settembre"
    r"|ottobre|dicembre|janeiro|fevereiro|marco|maio|junho|julho|setembro|outubro|novembro|dezembro)"
)
_DAY: Final = r"(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?\b"
_YEAR: Final = r"(?:(?:19|20)\d\d|'\d\d)\b"
_TIME: Final = r"(?:,?\s*(?:at|@|t)?\s*\d{1,2}(?::\d\d){1,2}(?:\.\d+)?z?(?:\s*[ap]\.?m?\b\.?)?|,?\s*(?:at|@)?\s*\d{1,2}\s*[ap]\.?m?\b\.?)?"
_WEEKDAY: Final = r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?|tues?|weds?|thurs?|thu)\b"
_SHORT_DAY: Final = r"(?:mon|fri|sat|sun)\b"
_NEAR: Final = r"(?:last|next|this|past|coming|every|on|since|until|till|by)"
_COUNT: Final = r"(?:an?|one|two|three|four|five|six|seven|eight|nine|ten|\d+|a few|several|a couple of)"
_FEAST: Final = (
    r"(?:thanksgiving|christmas|xmas|new year'?s|halloween|easter|labor day|memorial day|veterans day|independence day"
    r"|(?:fourth|4th) of july|valentine'?s|mother'?s day|father'?s day|mlk day|presidents'? day|columbus day|juneteenth"
    r"|hanukkah|chanukah|ramadan|eid|diwali|passover|yom kippur|rosh hashanah?|lunar new year|st\.? patrick'?s|kwanzaa"
    r"|good friday|palm sunday|mardi gras)(?:\s+(?:day|eve|weekend))?\b"
)
_MONTHS: Final = frozenset(
    "jan january feb february febuary mar march apr april may jun june jul july aug august sep sept september oct october nov november dec december".split()
)
_ABROAD_MONTHS: Final = frozenset(_ABROAD.strip("(?:)").split("|"))
_WEEKDAYS: Final = frozenset(
    "mon monday mondays tue tues tuesday tuesdays wed weds wednesday wednesdays thu thur thurs thursday thursdays fri friday fridays"
    " sat saturday saturdays sun sunday sundays".split()
)
_NEARBY: Final = frozenset("last next this past coming every on since until till by".split())
_COUNTS: Final = frozenset("a an one two three four five six seven eight nine ten several".split())
_FEASTS: Final = frozenset(
    "thanksgiving christmas xmas new halloween easter labor memorial veterans independence fourth valentine valentine's valentines mother mother's"
    " mothers father father's fathers mlk president presidents president's columbus juneteenth hanukkah chanukah ramadan eid diwali passover yom rosh lunar st"
    " kwanzaa good palm mardi".split()
)
_BORN: Final = frozenset("dob d0b born b date birthday birth birthdate".split())
_SHAPES: Final = tuple(
    shape(begins, pattern)
    for begins, pattern in (
        (_MONTHS | _WEEKDAYS, rf"\b(?:{_WEEKDAY},?\s+)?{_MONTH}\s*(?:the\s+)?{_DAY}(?:\s*(?:-|to|through|and|&)\s*(?:{_MONTH}\s*)?{_DAY})?(?:,?\s*(?:of\s+)?(?:{_YEAR}|\d\d\b(?!\s*(?:mg|y)))|\b){_TIME}"),
        ({FIGURE, "the"} | _WEEKDAYS, rf"\b(?:{_WEEKDAY},?\s+)?(?:the\s+)?{_DAY}(?:\s*(?:-|to|through|and|&)\s*{_DAY})?[\s-]*(?:day\s+)?(?:of\s+)?{_MONTH}(?:[\s,-]*(?:of\s+)?(?:{_YEAR}|\d\d\b(?!\s*(?:mg|y))))?{_TIME}"),
        (_MONTHS, rf"\b{_MONTH}[\s,/-]*(?:of\s+)?{_YEAR}"),
        ({FIGURE}, rf"\b{_DAY}\.?\s+(?:de\s+)?{_ABROAD}\b(?:,?\s+(?:del?\s+)?{_YEAR})?"),
        (_ABROAD_MONTHS, rf"\b{_ABROAD}\s+(?:del?\s+)?{_YEAR}"),
        ({FIGURE}, rf"(?<![\w/.-])\d{{4}}([/.-])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12]\d|3[01])(?!\d){_TIME}"),
        ({FIGURE}, rf"(?<![\w/.-])(?:0?[1-9]|[12]\d|3[01])\s?([/.-])\s?(?:0?[1-9]|[12]\d|3[01])\s?\1\s?(?:\d{{4}}|\d\d)(?![\w/]|[.-]\d){_TIME}"),
        ({FIGURE}, r"(?<![\w/.-])(?:0?[1-9]|1[0-2])/(?:19|20)\d\d\b(?!/)"),
        ({FIGURE}, r"(?<![\w/.-])(?P<day>(?:0?[1-9]|1[0-2])/(?:0?[1-9]|[12]\d|3[01])\s?(?:-|to|through|until|&|and)\s?)(?=(?:0?[1-9]|1[0-2])/(?:0?[1-9]|[12]\d|3[01])\b)"),
        ({FIGURE}, r"(?<![\w.-])(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:t?\d{4,6}z?)?\b(?!-)"),
        (_WEEKDAYS | _NEARBY | {"the", "early", "late"}, rf"\b(?:(?:{_NEAR}|the\s+(?:following|previous)|early|late)\s+)?{_WEEKDAY}(?:\s+(?:the\s+)?\d{{1,2}}(?:st|nd|rd|th))?{_TIME}"),
        (_NEARBY, rf"\b{_NEAR}\s+{_SHORT_DAY}{_TIME}"),
        (_FEASTS | _COUNTS | {FIGURE, "the", "day", "week", "night"} | _NEARBY, rf"\b(?:(?:{_COUNT}\s+(?:day|week|month|year)s?\s+(?:before|after|from|since|until)|the\s+(?:day|week|weekend|night)\s+(?:before|after|of)|(?:day|week|night)\s+(?:before|after)|last|this|next)\s+)?{_FEAST}(?:,?\s+{_YEAR})?"),
        ({"the"}, r"\bthe\s+\d{1,2}(?:st|nd|rd|th)\b(?=\s*(?:[,.;:)!?/]|$|at\b|@|and\b|or\b|to\b|with\b|w/|for\b|in\b|of\b))" + _TIME),
        ({"the", "spring", "summer", "fall", "autumn", "winter", "q1", "q2", "q3", "q4"}, rf"\b(?:the\s+)?(?:spring|summer|fall|autumn|winter|q[1-4])\s+(?:of\s+)?{_YEAR}"),
        ({"last", "next"}, r"\b(?:last|next)\s+(?:week|month|spring|summer|fall|autumn|winter)\b"),
        (_NEARBY | {"early", "late", "mid"}, rf"\b(?:last|next|this|past|early|late|mid)[\s-]+(?:{_MONTH}|{_ABROAD}\b)"),
        (_MONTHS | {FIGURE}, rf"\b(?:{_MONTH}|{_DAY})\s*(?:-|to|through)\s*{_MONTH}(?:,?\s*{_YEAR})?"),
        (_BORN, r"(?:\bd[o0]b|\bborn(?: on)?|\bb\.|date of birth|birthday|birth ?date)\W{0,3}(?P<day>[0-9OolIZSB]{1,4}[/.-][0-9OolIZSB]{1,2}[/.-][0-9OolIZSB]{2,4})"),
    )
)  # fmt: skip
_MONTH_ALONE: Final = shape(
    _MONTHS,
    r"\b(?:January|February|April|June|July|August|September|October|November|December|Jan|Feb|Apr|Aug|Sept?|Oct|Nov|Dec)\b\.?"
    r"|(?<=\bin )(?:March|May|Mar)\b|(?<=\bsince )(?:March|May)\b|(?<=\bby )(?:March|May)\b|(?<=\buntil )(?:March|May)\b"
    r"|(?<=\blast )(?:March|May)\b|(?<=\bnext )(?:March|May)\b|(?<=\bof )(?:March|May)\b|(?<=\bthis )(?:March|May)\b"
    r"|(?<=\blate )(?:March|May)\b|(?<=\bearly )(?:March|May)\b|(?<=[Mm]id-)(?:March|May)\b|(?<=\bfrom )(?:March|May)\b",
    0,
)
_DAY_OF_MONTH: Final = shape(
    {FIGURE}, r"(?<![\w/.-])(0?[1-9]|1[0-2])/(0?[1-9]|[12]\d|3[01])(?![\w/%]|\.\d|-\d)(?:-\d{1,2}/\d{1,2}\b)?"
)
_SCORED: Final = re.compile(
    r"(?:\b(?:pain|mood|scor\w+|rat(?:ed?|es|ing)|strength|anxiety|depression|urges?|cravings?|sleep|energy|scale|gcs|phq|gad|moca|mmse|dtrs?"
    r"|reflexes|sadness|anger|motivation|distress|suds?|hope|hopelessness|irritability|motor|pulses|recall|orient\w*|level|intensity|severity)\b[^.;\n]{0,22}|[=~]\s*)$",
    re.IGNORECASE,
)
_SCORED_AFTER: Final = re.compile(
    r"\s*(?:pain|strength|bilateral|recall|criteria|symptoms|sessions|days|nights|doses|items|questions|objects|words|in severity|on (?:a|the)|tabs?|pills?|cups?|mood|anxiety|depression|intensity|correct)\b",
    re.IGNORECASE,
)
_OVER_89: Final = r"(?:9\d|1[0-2]\d)"
_UNIT: Final = r"(?!\s*(?:%|mg|mcg|ml|kg|lbs?|bpm|percent|minutes?|mins?|days?|hours?|weeks?|months?|sessions?|pills?|tab|units?|degrees|dollars|/))"
_SPELLED: Final = r"(?:ninety(?:[ -](?:one|two|three|four|five|six|seven|eight|nine))?|(?:a|one) hundred(?: and)?(?: (?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve))?)\b"
_WHO: Final = r"(?:he|she|they|pt|patient|client|who|mother|father|mom|dad|sister|brother|aunt|uncle|grandmother|grandfather|grandma|grandpa|wife|husband|widow|widower|spouse|neighbou?r|resident|nana|abuel[ao]|mil|fil|mgm|pgm|mgf|pgf|cousin|mum|man|woman|male|female|gentleman|lady)"
_PEOPLE: Final = frozenset(
    _WHO.replace("neighbou?r", "neighbor|neighbour").replace("abuel[ao]", "abuela|abuelo").strip("(?:)").split("|")
)
_AGES: Final = tuple(
    shape(begins, pattern)
    for begins, pattern in (
        ({FIGURE}, rf"(?<![\d./-])({_OVER_89})(?=[\s-]*(?:y/?o\b|y\.?\s?o\.?|years?[\s-]+(?:old|of age|young)|yrs?\.?[\s-]+old|yr[\s-]old|year-old|[mf]\b))"),
        ({"age", "aged", "ages"}, rf"\bage[ds]?[\s:=]*(?:of\s+|is\s+)?({_OVER_89}|{_SPELLED})\b"),
        ({"turned", "turns", "turning", "nearly", "almost"}, rf"\b(?:turn(?:ed|s|ing)|nearly|almost)\s+({_OVER_89}|{_SPELLED})\b{_UNIT}"),
        (_PEOPLE, rf"\b{_WHO}(?:\s+(?:is|was|'s|now|just))*(?:,?\s+|\s*\()({_OVER_89}|{_SPELLED}){_UNIT}(?=[\s,.;:)]|$)"),
        ({"ninety", "a", "one"}, rf"\b({_SPELLED})(?=[\s-]*(?:y/?o\b|years?[\s-]+(?:old|of age)))"),
        ({FIGURE, "ninety", "a", "one"}, rf"(?:(?<=[a-z], )|(?<=[a-z] \())({_OVER_89}|{_SPELLED})(?=,\s|\))"),
        ({"will", "would"}, rf"\bw(?:ill|ould)(?: soon| now)? be\s+({_OVER_89}|{_SPELLED})(?=\s*(?:[.,;!?]|$))"),
        ({"in"}, r"\bin (?:his|her|their) (?:early |mid |late |mid-)?(nineties|90'?s)\b"),
        ({"nonagenarian", "centenarian"}, r"\b(nonagenarian|centenarian)\b"),
    )
)  # fmt: skip


def dates(folded: str, starts: Starts) -> Iterator[Found]:
    """Everything in a folded text that tells a day or a month."""
    for each in _SHAPES:
        day = "day" if "day" in each.pattern.groupindex else 0
        yield from (Found(m.start(day), m.end(day), Kind.DATE, SHAPE) for m in each.found(folded, starts))
    yield from (Found(m.start(), m.end(), Kind.DATE, SHAPE) for m in _MONTH_ALONE.found(folded, starts))
    yield from (
        Found(m.start(), m.end(), Kind.DATE, SHAPE) for m in _DAY_OF_MONTH.found(folded, starts) if _is_day(folded, m)
    )


def _is_day(folded: str, match: re.Match[str]) -> bool:
    """5/26 is a day. 7/10 is one too, unless something is scored there."""
    if match[0] in {"1/2", "1/3", "2/3", "1/4", "3/4"}:
        return False
    if match[2] not in {"10", "5", "4"} and match[1] != match[2]:
        return True
    return not (
        _SCORED.search(folded[max(0, match.start() - 40) : match.start()]) or _SCORED_AFTER.match(folded, match.end())
    )


def ages(folded: str, starts: Starts) -> Iterator[Found]:
    """Ages over 89; younger ones stay."""
    for each in _AGES:
        yield from (Found(m.start(1), m.end(1), Kind.AGE, SHAPE) for m in each.found(folded, starts))
