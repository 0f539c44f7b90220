"""Clinics, schools, shops, parishes: capitals around a word for an institution, with the town behind it."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from bot.privacy.recognizers import lists
from bot.privacy.recognizers.folding import Token
from bot.privacy.recognizers.spans import LIST, Found, Kind

_HEADS: Final = frozenset(
    "hospital hospitals hosp clinic clinics center centre ctr cntr institute university college school elementary academy house shelter recovery"
    " foundation church temple mosque synagogue parish library prison jail pharmacy inn lodge manor apartments residence hospice infirmary"
    " associates health healthcare medical med behavioral va high middle preschool kindergarten daycare ranch services counseling club".split()
)
# What any town has: "Community Mental Health Center" names none, "Harbor Mental Health Center" one.
_ANYWHERE: Final = frozenset(
    "mental behavioral health community outpatient inpatient crisis emergency urgent primary care medical center clinic hospital the day residential"
    " recovery rehab nursing group home safe school high middle elementary psychiatric county state department dept room unit program services"
    " partial intensive house sober halfway college university church jail prison shelter library pharmacy med va mobile club patient client"
    " counselor nurse team date staff physical exam history hx necessity record records conditions clearance clinical home's problem problems"
    " social worker work plan insurance leave assistance assistant director provider providers screening dr detox".split()
)
_SHORTENED: Final = frozenset("st mt ft dr gen univ mem hosp med ctr comm reg sr fr rev no so our".split())
_OPENERS: Final = frozenset(
    "at to from in near the a prior previous former his her their our referred seen admitted".split()
)
_BETWEEN: Final = frozenset({" ", "-", "'s ", "' ", ". ", " & ", "'"})
_SMALL: Final = frozenset("of the for and at de la".split())
_TAIL: Final = re.compile(
    r"(?:'s)?(?: (?:downtown|main|north|south|east|west|uptown|midtown|campus|country|community|mental|health|medical|hospital|outpatient|inpatient|psychiatric|behavioral))*"
    r" (?:hospital|hosp|clinic|medical center|med center|health center|center|centre|med|campus|branch|office|country club|labs?|shelter|hospice|rehab|university|school|college|facility|ward|icu|er|ed|pharmacy)\b"
)
_POSSESSIVE: Final = re.compile(
    r"'s(?=\s*(?:[.,;:?!)(]|$)|\s+(?:on|in|for|and|last|w/|with|where|who|or|from|to|at|since|about)\b)"
)
_STATE: Final = re.compile(
    r"(?:,| in)? (?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY])\b"
)
_MORE: Final = re.compile(
    r"[,\s>]{1,10}\d{3,6}(?:-\d{3,4})?\b(?!\s*(?:mg|mcg|ml|days|weeks|hours|/))|\s*\([A-Z][\w' -]{2,30}\)"
)
_YEAR: Final = re.compile(r"[,\s]*(?:19|20)\d\d$")
_BEFORE: Final = re.compile(r"(?<![\w./,-])(?:[A-Z]-)?\d{1,6}[A-Za-z]?,?\s{1,3}$|(?<![\w./,-])[A-Z]-$")
_AGENCY: Final = re.compile(
    r"\b(?:at|by|from|to|in|of|via|through|with|the) ([A-Z]{2,5}) $|\b(Catholic|Jewish|Lutheran|Hebrew|Christian|Baptist|Methodist|Episcopal|Adventist) $"
)


def institutions(folded: str, tokens: Sequence[Token]) -> Iterator[Found]:
    """Runs of capitals with an institution in them."""
    at = 0
    while at < len(tokens):
        if not tokens[at].capital:
            at += 1
            continue
        last = _run(folded, tokens, at)
        first = at + 1 if tokens[at].opens and last > at + 1 and tokens[at].low in _ANYWHERE | _OPENERS else at
        inside = tokens[first : last + 1]
        if len(inside) > 1 and _is_institution(inside):
            yield Found(inside[0].start, inside[-1].end, Kind.LOCATION, LIST)
        at = last + 1


def _run(folded: str, tokens: Sequence[Token], at: int) -> int:
    last = at
    for on in range(at + 1, min(at + 10, len(tokens))):
        between = folded[tokens[on - 1].end : tokens[on].start]
        if between not in _BETWEEN or (between == ". " and not _shortened(tokens[on - 1])):
            break
        if tokens[on].capital:
            last = on
        elif tokens[on].low not in _SMALL:
            break
    return last


def _shortened(token: Token) -> bool:
    return len(token.text) == 1 or token.low in _SHORTENED


def _is_institution(inside: Sequence[Token]) -> bool:
    heads = [token for token in inside if token.low in _HEADS] or _homes(inside)
    if not heads or all(token.low in _ANYWHERE or (token.low in _SMALL and not token.capital) for token in inside):
        return False
    return not all(token.shouted for token in inside) or len(inside) < 5


def _homes(inside: Sequence[Token]) -> list[Token]:
    """Hebrew Home at Riverdale: a home is an institution's where someone's or some people's name stands before it."""
    if inside[-1].low == "home" or any(one.low == "home" and other.low in _SMALL for one, other in pairwise(inside)):
        return [token for token in inside[:-1] if token.low in lists.believers() | lists.names()]
    return []


def whole_place(folded: str, found: Found) -> Found:
    """A place with what belongs to it: house number before; state, postal code, "'s" or its kind behind."""
    start, end = found.start, found.end
    if found.kind is not Kind.LOCATION:
        match = _TAIL.match(folded, end) if found.kind in {Kind.NAME, Kind.TERM} and not found.who else None
        return Found(start, match.end(), Kind.LOCATION, found.trust) if match else found
    for tail in (_TAIL, _POSSESSIVE, _STATE, _MORE):
        match = tail.match(folded, end)
        if match and not _YEAR.fullmatch(match[0]):
            end = match.end()
    agency = _AGENCY.search(folded[max(0, start - 24) : start])
    if agency:
        start -= len(agency[1] or agency[2]) + 1
    before = _BEFORE.search(folded, max(0, start - 10), start)
    if before and not _YEAR.fullmatch(before[0].strip(" ,")):
        start = before.start()
    return Found(start, end, found.kind, found.trust, found.who)
