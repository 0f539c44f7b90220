"""Up or down, started or stopped, kept or missed, left or right: the opposite of what the sources say is no paraphrase."""

import re
from collections.abc import Sequence
from functools import lru_cache

from bot.drafting.checks import dates, drugs, numbers
from bot.drafting.checks.words import folded, spoken, stem

_CLASSES = {
    "improve": "improve improving improved improvement better remission recovering brighter", "worsen": "worsen worse worsening deteriorating deteriorated declining",
    "increase": "increase raise rise up-titrate titrated higher climb rose", "decrease": "decrease reduce lower taper drop fell reduction",
    "start": "start begin initiate commence began initiation added add", "stop": "stop discontinue cease quit stopped stopping ended",
    "left": "left-sided left", "right": "right-sided right", "kept": "kept attended attends", "missed": "missed missing",
    "agree": "agree agreed agrees accept accepted willing", "refuse": "refuse declined refused declines unwilling reject disagree disagrees",
    "active": "active", "revoked": "revoked inactive expired withdrawn", "good": "good well strong", "poor": "poor poorly weak bad badly",
    "safe": "safe", "unsafe": "unsafe", "more": "more most", "less": "less fewer least", "able": "able", "unable": "unable",
    "always": "always", "never": "never", "early": "early earlier", "late": "late later", "full": "full fully complete", "partial": "partial partially partly",
    "achieved": "achieved met", "unmet": "unmet", "before": "before", "after": "after", "positive": "positive", "negative": "negative",
    "open": "open", "closed": "closed", "employed": "employed", "unemployed": "unemployed jobless", "continue": "continue continued continues",
    "voluntary": "voluntary voluntarily", "involuntary": "involuntary involuntarily", "easier": "easier easy", "harder": "harder hard",
    "calm": "calm", "agitated": "agitated", "high": "high", "low": "low", "first": "first", "last": "last", "gained": "gained", "lost": "lost",
    "longer": "longer", "shorter": "shorter", "alone": "alone", "permit": "permit permits", "trusts": "trusts", "distrusts": "distrusts mistrusts",
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
    ("early", "late"), ("full", "partial"), ("achieved", "unmet"), ("before", "after"), ("positive", "negative"), ("open", "closed"),
    ("employed", "unemployed"), ("voluntary", "involuntary"), ("easier", "harder"), ("calm", "agitated"), ("high", "low"), ("gained", "lost"),
    ("longer", "shorter"), ("trusts", "distrusts"),
)  # fmt: skip
_OPPOSITE: dict[str, set[str]] = {}
for _one, _other in _PAIRS:
    _OPPOSITE.setdefault(_one, set()).add(_other)
    _OPPOSITE.setdefault(_other, set()).add(_one)
_IMPLIED = {"increase": "worsen", "decrease": "improve"}  # of a symptom score
_SEGMENT = re.compile(r"[;.,()](?=\s|$|\")|\(|\)|\band\b|\bbut\b|\bthen\b|\bwhile\b")
_NO_MORE = re.compile(
    r"\bno more than\b|\bat least\b|\bmore than half\b|\bor more\b|\bor less\b|\bless than a meaningful change\b|\bas well\b|\bright away\b|\bup to\b"
)


def wrong(sentence: str, sources: Sequence[str]) -> bool:
    """Whether a direction is turned: in the sources as a whole, or for one date, dose, drug or measure of theirs."""
    held = {name for source in sources for name in directions(source, scores=True)}
    if any(_turned(name, held) for name in directions(sentence)):
        return True
    bound = [pair for source in sources for pair in anchored(source, scores=True)]
    return any(_turned(name, {d for a, d in bound if a == anchor}) for anchor, name in anchored(sentence))


def _turned(name: str, held: set[str]) -> bool:
    return name not in held and bool(_OPPOSITE.get(name, set()) & held)


@lru_cache(maxsize=4096)
def directions(text: str, *, scores: bool = False) -> frozenset[str]:
    """The directions a text speaks of. `scores`: a lower score of an instrument is also an improvement."""
    words = re.findall(r"[a-z]+(?:-[a-z]+)?", _NO_MORE.sub(" ", spoken(text)))
    found = {_CLASS.get(word) or _CLASS.get(stem(word)) for word in words} - {None}
    if scores and numbers.INSTRUMENT.search(folded(text)):
        found |= {_IMPLIED[name] for name in found if name in _IMPLIED}
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
    doses = {f"{each.number:g}{each.kind}" for each in numbers.quantities(segment) if each.dose}
    names = doses or set(drugs.drugs(segment))
    days = {f"{each.day.month}/{each.day.day}" for each in dates.days(segment) if each.day.month and each.day.day}
    return names | days | {name[0].strip().upper() for name in numbers.INSTRUMENT.finditer(segment) if "-" in name[0]}
