"""Numbers as they are written: digits, words, fractions, with the unit behind them. Names that hold digits are no numbers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot.drafting.checks import dates
from bot.drafting.checks.words import TAG

INSTRUMENT = re.compile(
    r"\b(?:PHQ|GAD|PCL|DAST|BDI|BAI|ISI|EPDS|PSC|OQ|MDQ|ASRS|ASQ|HAM-?[AD]|YMRS|CIWA|COWS|ACE|MoCA|AUDIT|SCARED|CRAFFT|CAGE"
    r"|WHODAS|PC-PTSD|C-?SSRS|ASAM)(?:-(?:\d{1,2}|II|A|C|R|Ar|AR)|\d{1,2})?\b(?! ?\d{1,2}-item)|\b(?:[Ii]tem|[Pp]art|[Ss]tep|[Qq]uestion) (?=\d)"
)
_ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_ORDINALS = "third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
WORDS = {
    **{word: float(value) for value, word in enumerate(_ONES.split())},
    **{word: float(value) for value, word in zip(range(20, 100, 10), _TENS.split(), strict=True)},
    **{word: float(value) for value, word in enumerate(_ORDINALS.split(), start=3)},
    "hundred": 100.0,
    "dozen": 12.0,
    "twice": 2.0,
    "thrice": 3.0,
    "couple": 2.0,
    "half": 0.5,
}
_LOOSE = {
    "both": 2.0,
    "pair": 2.0,
    "first": 1.0,
    "second": 2.0,
    "once": 1.0,
    "single": 1.0,
    "a": 1.0,
    "an": 1.0,
    "no": 0.0,
    "none": 0.0,
}
_UNITS = {
    unit: (name, scale)
    for name, scale, units in (
        ("g", 1.0, "g gram grams"), ("g", 1e-3, "mg milligram milligrams mgs"), ("g", 1e-6, "mcg microgram micrograms"),
        ("l", 1e-3, "ml milliliter milliliters"), ("l", 1.0, "l liter liters"), ("%", 1.0, "% percent"),
        ("time", 1.0, "minute minutes min mins"), ("time", 60.0, "hour hours hr hrs h"), ("time", 1440.0, "day days night nights"),
        ("time", 10080.0, "week weeks wk wks weekly"), ("month", 1.0, "month months mo mos"), ("month", 12.0, "year years yr yrs"),
        ("dose", 1.0, "tablet tablets tab tabs pill pills capsule capsules cap caps film films patch patches spray sprays unit units"),
        ("kg", 1.0, "kg kilogram kilograms"), ("kg", 0.4536, "lb lbs pound pounds"),
        ("count", 1.0, ("visit visits session sessions appointment appointments point points time times attempt attempts drink drinks step steps"
         " group groups episode episodes reading readings medication medications dose doses result results call calls symptom symptoms")),
    )
    for unit in units.split()
}  # fmt: skip
_NUMBER = re.compile(
    r"(?P<fraction>(?<![\w/.])[1-9]/[2-9](?![\w/])(?= ?(?:a |an |of |the )?(?:tab|pill|hour|dose|film|cap|mg|day))|½)"
    r"|(?<![\w.])(?<!\d,)(?P<digits>\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)(?P<tight>st|nd|rd|th|[a-z%]+)?(?!\w)"
    rf"|\b(?P<tens>{'|'.join(_TENS.split())})[- ](?P<ones>{'|'.join(_ONES.split()[1:10])})\b"
    rf"|\b(?P<word>{'|'.join(WORDS)})\b(?P<more> and a half)?",
    re.IGNORECASE,
)
_PHONE = re.compile(r"\b(?:\d{3}[-. ])?\d{3}[-. ]\d{4}\b")
_BEHIND = re.compile(
    r"[ -]*(?:to |or |- ?)?(?:(?:more|extra|full|individual|group|separate|whole) )?([a-z]+|%)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """`number` as written; `kind` and `scale` from the unit behind it; kind None: a bare number."""

    number: float
    kind: str | None
    scale: float = 1.0
    begin: int = 0
    end: int = 0

    @property
    def dose(self) -> bool:
        return self.kind in {"g", "l", "dose"}

    @property
    def measured(self) -> bool:
        """Whether the unit is one that nobody would leave out or mix up."""
        return self.kind not in {None, "count"}

    def same(self, other: "Quantity") -> bool:
        """Equal: 14 days is two weeks, 15 may be 15 points, and 150 mg is not 150 weeks."""
        if self.measured and other.measured:
            return self.kind == other.kind and abs(self.number * self.scale - other.number * other.scale) < 1e-6
        return abs(self.number - other.number) < 1e-6


def wrong(sentence: str, sources: Sequence[str]) -> bool:
    """Whether a number that is no dose is in no source."""
    return _phones_wrong(sentence, sources) or any(not each.dose for each in unsupported(sentence, sources))


def dose_wrong(sentence: str, sources: Sequence[str]) -> bool:
    """Whether a dose is in no source."""
    return any(each.dose for each in unsupported(sentence, sources))


def unsupported(sentence: str, sources: Sequence[str]) -> list[Quantity]:
    held = [each for source in sources for each in (*quantities(source), *_loose(source))]
    said = quantities(sentence, tuple(sources))
    return [each for each in said if not any(each.same(other) for other in held)]


@lru_cache(maxsize=4096)
def quantities(text: str, beside: tuple[str, ...] = ()) -> tuple[Quantity, ...]:
    """Every number but those of dates, times, tags, telephones and instrument names. "One" alone is no number."""
    line = _bare(text, beside)
    found = (_quantity(match, line) for match in _NUMBER.finditer(line))
    return tuple(each for each in found if each is not None)


def _bare(text: str, beside: Sequence[str]) -> str:
    line = dates.masked(text, (text, *beside))
    for names in (TAG, INSTRUMENT, _PHONE):
        line = names.sub(lambda name: " " * len(name[0]), line)
    return line


def _quantity(match: re.Match[str], line: str) -> Quantity | None:
    tight = (match["tight"] or "").lower()
    if tight and tight not in _UNITS and tight not in {"st", "nd", "rd", "th", "x"}:
        return None
    behind = _BEHIND.match(line, match.end())
    unit = _UNITS.get(tight) or (_UNITS.get(behind[1].lower()) if behind else None)
    if (match["word"] or "").lower() == "one" and unit is None:
        return None
    kind, scale = unit or (None, 1.0)
    return Quantity(_value(match), kind, scale, match.start(), match.end())


def _value(match: re.Match[str]) -> float:
    if match["fraction"]:
        over, _, under = match["fraction"].replace("½", "1/2").partition("/")
        return int(over) / int(under)
    if match["digits"]:
        return float(match["digits"].replace(",", ""))
    if match["tens"]:
        return WORDS[match["tens"].lower()] + WORDS[match["ones"].lower()]
    return WORDS[match["word"].lower()] + (0.5 if match["more"] else 0.0)


def _loose(source: str) -> list[Quantity]:
    """What a source says without a number: "both" is two, "a week" is one week."""
    return [Quantity(_LOOSE[word], None) for word in re.findall(r"[a-z]+", source.lower()) if word in _LOOSE]


def _phones_wrong(sentence: str, sources: Sequence[str]) -> bool:
    held = {re.sub(r"\D", "", phone) for source in sources for phone in _PHONE.findall(source)}
    said = (re.sub(r"\D", "", phone) for phone in _PHONE.findall(sentence))
    return any(not any(number in known for known in held) for number in said)
