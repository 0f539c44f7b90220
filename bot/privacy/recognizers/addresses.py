"""Where somebody lives or was treated: streets, post boxes, postal codes, towns, clinics, schools, employers."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from bot.privacy.recognizers import lists
from bot.privacy.recognizers.folding import Token
from bot.privacy.recognizers.spans import LIST, SHAPE, Found, Kind

_CAP: Final = r"(?:[A-Z][\w'.-]*|\d+(?:st|nd|rd|th))"
_WAY: Final = (
    r"(?:street|str|st|avenue|ave|av|road|rd|boulevard|blvd|lane|ln|drive|dr|court|ct|place|pl|square|sq|squares|terrace|ter|trail|trl|way"
    r"|parkway|pkwy|highway|hwy|route|rte|circle|cir|alley|aly|loop|plaza|plz|row|walk|path|pike|turnpike|tpke|crossing|xing|locks|views?|vista"
    r"|ridge|run|springs?|station|summit|union|village|ville|viaduct|throughway|mission|mills?|meadows?|manor|mall|landing|lakes?|knolls?|keys?"
    r"|junction|isle|islands?|inlet|hollow|hills?|heights|haven|harbors?|groves?|greens?|glens?|gateway|gardens?|freeway|forks?|forges?|fort"
    r"|fords?|flats?|fields?|ferry|falls?|extensions?|expressway|estates?|divide|dale|dam|curve|crest|creek|cove|corners?|common|cliffs?"
    r"|centers?|causeway|canyon|camp|bypass|burgs?|brooks?|bridge|branch|bottom|bluffs?|bend|beach|bayou|ports?|plains?|pines|passage|parks?"
    r"|overpass|orchard|oval|neck|motorway|mountains?|mount|roads|rapids?|ranch|ramp|radial|prairie|points?|rue|spur|stravenue|streams?"
    r"|streets|tunnel|trafficway|track|trace|shores?|shoals?|skyway|rest|rapid|wells?|ways|walks|wall|valleys?|unions|underpass)"
)
_SHAPES: Final = tuple(
    re.compile(pattern, flags)
    for pattern, flags in (
        (
            rf"(?<![\w.-])\d{{1,6}}[A-Za-z]?(?:-\d{{1,5}})?,?\s+(?:[NSEW]{{1,2}}\.?\s+|(?:North|South|East|West)\s+)?(?:{_CAP}\s+){{1,4}}(?i:{_WAY})\b\.?",
            0,
        ),
        (r"(?<![\w.-])\d{1,6}\s+(?:\w+\s+){1,3}(?:street|st|avenue|ave|road|rd|blvd|boulevard|lane|ln|drive|court|place|terrace|parkway|highway)\b\.?(?!\s+(?:of|for|to))", re.IGNORECASE),
        (r"\b(?:apt|apartment|unit|suite|ste|flat|bldg|building|floor|fl|rm|room)\b\.?\s*#?\s?(?:[a-z]?-?\d+[a-z]?\b|[A-Z]\b)", re.IGNORECASE),
        (r"#\s?\d{1,4}[A-Za-z]\b", 0),
        (
            (r"\b(?:at|to|from)\s+((?!(?:the|our|this|that|his|her|your|my|their|a|an|every|each|any|another|which|psychiatric|inpatient|outpatient|outside|local|nearest"
            r"|state|county|community|mental|general|day|pain|methadone|private|public|urgent|partial|new|same|other|primary|behavioral|or|and|see|go|visit|leave|call)\b)"
            r"[a-z]{3,}(?:\s[a-z]{3,})?\s+(?:hospital|medical center|clinic))\b"),
            0,
        ),
        (r"\b(?:in|at|from|near|to)\s+((?!(?:the|our|this|that|his|her|your|my|their|a|every|each|any|another|which)\b)[a-z]+(?:\s[a-z]+)?\s+(?:county|township))\b", 0),
        (r"\b(?:PS|P\.S\.|I\.S\.|JHS|(?<=at )[IM]S)\s?#?\d{1,3}\b", 0),
        (r"\bp\.?\s?o\.?\s*box\s*#?\s*[\w-]+|\bpsc\s+\d+(?:,?\s*box\s+\d+)?|\b(?:[afd]po)\s+a[aep]\s+\d{5}(?:-\d{4})?|\bbox\s+\d+", re.IGNORECASE),
        (r"\bUS(?:S|NS|CGC|NV)\s+[A-Z][\w-]+(?:\s+(?:[AFD]PO)\s+A[AEP]\s+\d{5})?", 0),
        (r"\b[A-Z]{2}\.?,?\s+\d{5}(?:-\d{4})?\b", 0),
        (r"(?<![\w.])\d{5}-\d{4}\b", 0),
        (r"\b(?:zip|zip ?code|postal ?code|postcode|post code)\b(?:\s+(?:of|for)\s[^.,;\d\n]{1,40}?)?(?:\s+is|\s*:)?\s*([A-Za-z]{0,2}\d{3}[ ]\d{2}\b|[A-Za-z]{0,2}[\d-]{3,10}[A-Za-z]{0,2})", re.IGNORECASE),
        (r"\b[A-Z]{1,2}\d[A-Z\d]?\s\d[A-Z]{2}\b|\b[A-CEGHJ-NPR-TVXY]\d[A-Z]\s?\d[A-Z]\d\b", 0),
        (rf"\b{_CAP}\s+(?:&|and|at|@)\s+\d+(?:st|nd|rd|th)\b|\b\d+(?:st|nd|rd|th)\s+(?:&|and|@)\s+{_CAP}(?:\s+(?i:{_WAY})\b)?", 0),
        (rf"\b(?:the )?corner of\s+[^;\n]{{3,80}}?\s+and\s+{_CAP}(?:[ ]{_CAP})*", 0),
        (r"\b\d+(?:st|nd|rd|th)\s+(?:street|st|avenue|ave|road|rd|floor)\b\.?", re.IGNORECASE),
        (r"(?<![\w.])-?\d{1,3}\.\d{4,}\s*,\s*-?\d{1,3}\.\d{4,}", 0),
    )
)  # fmt: skip
INSTITUTIONS: Final = frozenset(
    "hospital hospitals clinic clinics center centre centers medical health healthcare institute university college school elementary academy"
    " house houses home homes shelter recovery foundation church temple mosque synagogue parish library prison jail correctional"
    " pharmacy inn lodge manor village apartments residence hospice infirmary sanatorium associates partners group services"
    " counseling wellness behavioral memorial general regional county community park mall store market restaurant cafe"
    " hosp med ctr cntr cancer children women va veterans methodist presbyterian baptist lutheran academic bank inc llc corp corporation company co ltd plc gmbh records studios airlines airport station bridge river lake mountain"
    " island beach valley street avenue road lane drive court elementary middle high preschool kindergarten daycare".split()
)
_NUMBER: Final = re.compile(r"(?<![\w.,/%$-])\d{1,6}[A-Za-z]?(?![\w/%]|[.,]\d|-\d)")
_MEASURE: Final = re.compile(
    r"[.,]\d|\s?(?:%|x\b|/|mg|mcg|ug|ml|mm|cm|kg|g\b|lbs?\b|units?\b|iu\b|mmol|meq|ng|hours?|hrs?|min|days?|weeks?|wks?|months?|years?|yrs?|y/?o|sessions?"
    r"|tabs?|caps?|pills?|times|am\b|pm\b|bpm|kcal|cals?)",
    re.IGNORECASE,
)
_PRESSURE: Final = re.compile(r"(?<![\d/])(?:[6-9]\d|1\d\d|2[0-4]\d)/(?:[3-9]\d|1[0-5]\d)(?![\d/])")
_INSIDE: Final = frozenset(
    "nad de la le les du des del della delle dei di da das do dos van von der den het ter the of und et y e i u ul str st ut utca via rua rue calle"
    " ulica ulitsa platz weg strasse gate vei gata vag apt suite ste unit no nr box av ave road street nan ext".split()
)
_WHITHER: Final = frozenset("in from near to outside at of".split())
_JOINT: Final = re.compile(r"[ ,.\n>#/'()-]{1,10}")


def addresses(folded: str) -> Iterator[Found]:
    """Addresses by their shape."""
    for shape in _SHAPES:
        for match in shape.finditer(folded):
            group = 1 if shape.groups else 0
            yield Found(match.start(group), match.end(group), Kind.LOCATION, SHAPE)


def chains(folded: str, tokens: Sequence[Token], unsure: Sequence[bool]) -> Iterator[Found]:
    """A number beside a word that nobody knows begins an address; it goes on while numbers and such words follow.

    `unsure` says of each token whether the gate would mask it.
    """
    at = 0
    while at < len(tokens):
        if not _house_number(folded, tokens[at]):
            at += 1
            continue
        first = last = at
        first, last = _back(folded, tokens, unsure, first), _on(folded, tokens, unsure, last)
        if any(unsure[first : last + 1]):
            yield Found(tokens[first].start, tokens[last].end, Kind.LOCATION, LIST)
        at = last + 1


def _house_number(folded: str, token: Token) -> bool:
    return (
        token.text[0].isdigit()
        and _NUMBER.fullmatch(token.text) is not None
        and folded[token.end : token.end + 1] != "%"
        and not _pressure(folded, token)
    )


def _pressure(folded: str, token: Token) -> bool:
    """142/88 is nobody's house."""
    near = _PRESSURE.search(folded, max(0, token.start - 4), token.end + 4)
    return near is not None and near.start() <= token.start and near.end() >= token.end


def _part(folded: str, tokens: Sequence[Token], unsure: Sequence[bool], at: int) -> bool:
    token = tokens[at]
    return (
        unsure[at]
        or _house_number(folded, token)
        or token.low in _INSIDE
        or (token.shouted and len(token.text) == 2)
        or (len(token.text) == 1 and token.capital)
    )


def _back(folded: str, tokens: Sequence[Token], unsure: Sequence[bool], at: int) -> int:
    """Words before the number: only those nobody knows, and the small words between them."""
    first = at
    for back in range(at - 1, -1, -1):
        between = folded[tokens[back].end : tokens[back + 1].start]
        if between != " " and not ((unsure[back] or tokens[back].low in _INSIDE) and between in {", ", "-", "'", ". "}):
            break
        if not (
            unsure[back]
            or (tokens[back].low in _INSIDE and tokens[back].low not in {"the", "of", "no", "do", "i", "e"})
        ):
            break
        if unsure[back]:
            first = back
    return first


def _on(folded: str, tokens: Sequence[Token], unsure: Sequence[bool], at: int) -> int:
    last = at
    for on in range(at + 1, len(tokens)):
        token = tokens[on]
        if not _JOINT.fullmatch(folded[tokens[on - 1].end : token.start]):
            break
        if (
            unsure[on]
            or (_house_number(folded, token) and last > at)
            or (token.shouted and len(token.text) == 2 and last > at)
        ) or (last > at and token.capital and _is_named_place(tokens, unsure, on)):
            last = on
        elif not _part(folded, tokens, unsure, on):
            break
    return last


def _is_named_place(tokens: Sequence[Token], unsure: Sequence[bool], at: int) -> bool:
    """Inside of an address: a town or country of the list, or a capital right before a word that nobody knows."""
    low = tokens[at].low
    if low in lists.clinical():
        return False
    return bool(lists.places().get(low)) or (
        at + 1 < len(tokens)
        and (unsure[at + 1] or tokens[at + 1].capital)
        and (unsure[at + 1] or not tokens[at + 1].opens)
    )


def towns(folded: str, tokens: Sequence[Token]) -> Iterator[Found]:
    """Places of the list, the longest first, written with a capital (or all small, where the name is no other word)."""
    known = lists.places()
    at = 0
    while at < len(tokens):
        length = _longest(folded, tokens, at, known)
        if length:
            yield Found(tokens[at].start, tokens[at + length - 1].end, Kind.LOCATION, LIST)
        at += max(1, length)


def _longest(folded: str, tokens: Sequence[Token], at: int, known: Mapping[str, int]) -> int:
    words, best = tokens[at].low, 0
    for length in range(1, 5):
        whole = known.get(words)
        if whole is None:
            break
        if whole and _is_place(tokens, at, length, words):
            best = length
        if at + length >= len(tokens) or folded[tokens[at + length - 1].end : tokens[at + length].start] not in {
            " ",
            "-",
            ". ",
        }:
            break
        words = f"{words} {tokens[at + length].low}"
    return best


def _is_place(tokens: Sequence[Token], at: int, length: int, words: str) -> bool:
    inside = tokens[at : at + length]
    if length > 1:
        return (
            all(t.capital or t.low in _INSIDE for t in inside)
            or all(t.low not in lists.english() for t in inside)
            or (at > 0 and tokens[at - 1].low in _WHITHER and not any(t.capital for t in inside))
        )
    if words in lists.safe():
        return (
            tokens[at].capital
            and not tokens[at].opens
            and at > 0
            and tokens[at - 1].low in {"in", "from", "near", "to", "outside", "at"}
            and words not in lists.clinical()
        )
    return tokens[at].capital or words not in lists.names()
