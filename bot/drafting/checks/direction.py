"""Up or down, started or stopped, kept or missed, left or right: the opposite of what the sources say is no paraphrase."""

import re
from collections.abc import Sequence
from functools import lru_cache

from bot.drafting.checks import binding, dates, drugs, numbers
from bot.drafting.checks.words import folded, spoken, stem

_CLASSES = {
    "improve": "improve improving improved improvement better remission recovering brighter", "worsen": "worsen worse worsening deteriorating deteriorated declining",
    "increase": "increase raise rise up-titrate titrated higher climb rose", "decrease": "decrease reduce lower taper drop fell reduction",
    "start": "start begin initiate commence began initiation added add", "stop": "stop discontinue cease quit stopped stopping ended",
    "left": "left-sided left", "right": "right-sided right", "kept": "kept attended attends", "missed": "missed missing",
    "agree": "agree agreed agrees accept accepted willing", "refuse": "refuse declined refused declines unwilling reject disagree disagrees disagreed",
    "active": "active", "revoked": "revoked inactive expired withdrawn", "good": "good well strong", "poor": "poor poorly weak bad badly",
    "safe": "safe", "unsafe": "unsafe", "more": "more most", "less": "less fewer least", "able": "able", "unable": "unable",
    "always": "always", "never": "never", "early": "early earlier", "late": "late later", "full": "full fully complete", "partial": "partial partially partly",
    "achieved": "achieved met", "unmet": "unmet", "before": "before", "after": "after", "positive": "positive", "negative": "negative",
    "open": "open", "closed": "closed", "employed": "employed", "unemployed": "unemployed jobless", "continue": "continue continued continues",
    "voluntary": "voluntary voluntarily", "involuntary": "involuntary involuntarily", "easier": "easier easy", "harder": "harder hard",
    "calm": "calm", "agitated": "agitated", "high": "high", "low": "low", "first": "first", "last": "last", "gained": "gained", "lost": "lost",
    "longer": "longer", "shorter": "shorter", "alone": "alone", "permit": "permit permits", "only": "only solely exclusively", "everybody": "both everyone everybody anyone anybody either",
    "trusts": "trusts", "distrusts": "distrusts mistrusts",
}  # fmt: skip
_CLASS = {word: name for name, words in _CLASSES.items() for word in words.split()} | {
    stem(word): name
    for name, words in _CLASSES.items()
    for word in words.split()
    if name not in {"left", "kept", "missed", "last", "lost"}
}
_PAIRS = (
    ("improve", "worsen"), ("increase", "decrease"), ("start", "stop"), ("continue", "stop"), ("left", "right"), ("kept", "missed"),
    ("agree", "refuse"), ("active", "revoked"), ("good", "poor"), ("safe", "unsafe"), ("more", "less"), ("able", "unable"), ("always", "never"),
    ("early", "late"), ("full", "partial"), ("achieved", "unmet"), ("positive", "negative"), ("open", "closed"),
    ("employed", "unemployed"), ("voluntary", "involuntary"), ("easier", "harder"), ("calm", "agitated"), ("high", "low"), ("gained", "lost"),
    ("longer", "shorter"), ("trusts", "distrusts"),
)  # fmt: skip
_OPPOSITE: dict[str, set[str]] = {}
for _one, _other in _PAIRS:
    _OPPOSITE.setdefault(_one, set()).add(_other)
    _OPPOSITE.setdefault(_other, set()).add(_one)
_OPPOSITE["everybody"] = {"only"}  # and not back: "only" may narrow within what both are told
_IMPLIED = {"increase": "worsen", "decrease": "improve"}  # of a symptom score
_SINCE = re.compile(r"\bsince (?=\d|\[|[A-Z])")
_FROM_TO = re.compile(r"\bfrom (?:an? |the )?(\d[\d.]*)(?: ?m?c?g)?\b[^;.]{0,30}?\bto (\d[\d.]*)")
_LEVEL_UP = re.compile(
    r"\b(levels?|scores?|weight|dose|trend\w*|is|are|was|were|goes|going|went|slightly|remains?|numbers?) (up|down)\b(?! to date)"
)
_UP_DOWN = {"up": "increase", "down": "decrease"}
_SEGMENT = re.compile(r"[;.,()](?=\s|$|\")|\(|\)|\band\b|\bbut\b|\bthen\b|\bwhile\b")
_NO_MORE = re.compile(
    r"\bno more than\b|\bat least\b|\bmore than half\b|\bor more\b|\bor less\b|\bless than a meaningful change\b|\bas well\b|\bright away\b|\bup to\b"
)


def wrong(sentence: str, sources: Sequence[str]) -> bool:
    """Whether a direction is turned: in the sources as a whole, or for one date, dose, drug or measure of theirs."""
    held = {name for source in sources for name in directions(source, scores=True)}
    if any(_turned(name, held) for name in directions(sentence)):
        return True
    if _wrong_way(sentence) or _prefixed(sentence, sources):
        return True
    bound = [pair for source in sources for pair in anchored(source, scores=True)]
    return any(_turned(name, {d for a, d in bound if a == anchor}) for anchor, name in anchored(sentence))


def _turned(name: str, held: set[str]) -> bool:
    return name not in held and bool(_OPPOSITE.get(name, set()) & held)


@lru_cache(maxsize=4096)
def directions(text: str, *, scores: bool = False) -> frozenset[str]:
    """The directions a text speaks of. `scores`: a lower score of an instrument is also an improvement."""
    plain = _LEVEL_UP.sub(lambda way: f"{way[1]} {_UP_DOWN[way[2]]}", _NO_MORE.sub(" ", spoken(text)))
    words = re.findall(r"[a-z]+(?:-[a-z]+)?", plain)
    found = {_CLASS.get(word) or _CLASS.get(stem(word)) for word in words} - {None}
    if scores and numbers.INSTRUMENT.search(folded(text)):
        found |= {_IMPLIED[name] for name in found if name in _IMPLIED}
    if scores and "stop" not in found and drugs.drugs(text) and _SINCE.search(text):
        found.add("start")
    return frozenset(name for name in found if name)


@lru_cache(maxsize=4096)
def anchored(text: str, *, scores: bool = False) -> tuple[tuple[str, str], ...]:
    """Each direction with the date, dose, drug or measure it stands beside."""
    out = []
    for segment in _SEGMENT.split(folded(text)):
        found = directions(segment, scores=scores)
        out += [(anchor, name) for anchor in _anchors(segment) for name in found]
    return tuple(dict.fromkeys(out))


def _anchors(segment: str) -> set[str]:
    """The dose alone where there is one, else the drug, else dates and measures: the nearest thing it can be said of."""
    doses = {f"{each.number:g}{each.kind}" for each in numbers.quantities(segment) if each.dose}
    if named := doses or set(drugs.drugs(segment)):
        return named
    days = {f"{each.day.month}/{each.day.day}" for each in dates.days(segment) if each.day.month and each.day.day}
    return (
        days
        | {f"{part}/{whole}" for whole, part in binding.shares(segment)}
        | {name[0].strip().upper() for name in numbers.INSTRUMENT.finditer(segment) if "-" in name[0]}
    )


def _wrong_way(sentence: str) -> bool:
    """“Raised from 150 mg to 100 mg” contradicts itself."""
    found = _FROM_TO.search(folded(sentence))
    if found is None:
        return False
    step = float(found[2].rstrip(".")) - float(found[1].rstrip("."))
    said = directions(sentence)
    return (step <= 0 and "increase" in said and "decrease" not in said) or (
        step >= 0 and "decrease" in said and "increase" not in said
    )


def _prefixed(sentence: str, sources: Sequence[str]) -> bool:
    """“Unstable” where the sources say "stable", and the other way round."""
    said, held = _stems(sentence), frozenset[str]().union(*(_stems(source) for source in sources))
    return any(_denies(word, held) for word in said - held) or any(
        _denies(word, said) for word in held - said if word[2:] not in held and word[3:] not in held
    )


def _denies(word: str, others: frozenset[str]) -> bool:
    rest = word[2:] if word.startswith("un") else word[3:] if word.startswith(("dis", "mis", "non")) else ""
    return len(rest) > 3 and rest in others and word not in _NOT_DENIED


_NOT_DENIED = frozenset(
    stem(word) for word in ("disclosed", "discharge", "disorder", "discuss", "under", "until", "unless")
)


@lru_cache(maxsize=4096)
def _stems(text: str) -> frozenset[str]:
    return frozenset(stem(word) for word in re.findall(r"[a-z]+", spoken(text)))
