"""What a text asserts of each thing it speaks of: that it is, that it is not, that nobody knows, that it was, that it might be.

Negation reaches forward from "no" and "denies", and back from "denied" and "none"; how far is where notes are treacherous
("denies intent; SI remains", "initially denied, then disclosed", "no longer denies"). Where the reach is open, both readings stand.
"""

import re
from enum import StrEnum
from functools import lru_cache

from bot.drafting.checks.words import TAG, concept, is_word, neutral, spoken, stem


class Status(StrEnum):
    IS = "is"
    NOT = "not"
    UNKNOWN = "unknown"  # not assessed, not documented: never a denial
    MAYBE = "maybe"  # hedged: "cannot rule out"
    WAS = "was"  # history
    IF = "if"  # conditional, advice
    OTHER = "other"  # somebody else's: "family history of suicide"


type Reading = frozenset[Status]

RISK = frozenset(
    concept(word)
    for word in ["suicidal", "suicide", "homicidal", "selfharm", "deathwish", "attempt", "overdose", "gun", "hallucinations", "violence", "violent", "assault", "abuse", "cutting", "kill", "intent", "paranoia", "delusions", "mania", "manic", "psychosis", "psychotic", "firearm", "weapon", "means", "threat", "ideation"]
)
_UNKNOWN = (
    r"\b(?:not|un|never)[ -]?(?:been |be |yet |able to )*(?:assessed|assess|asked|screened|answered|evaluated|explored|documented|recorded"
    r"|known|obtained|administered|completed|addressed|stated)\b|\bundocumented\b|\bunknown\b|\bunclear whether\b"
    r"|\b(?:can not|could not|did not|was not|were not) (?:be )?(?:assess\w*|ask\w*|screen\w*|evaluat\w*|explor\w*|read|answer\w*|complete\w*|document\w*)\b"
    r"|\bnot able to (?:assess|ask|screen|evaluate|explore)|\bdeferred\b|\b(?:declined|refused) to (?:answer|say|discuss)\b"
    r"|\bno (?:\w+ ){0,5}(?:documented|recorded|charted|noted in the chart)\b|\bnothing (?:\w+ )?(?:is )?documented\b|\black(?:s|ing)? documentation\b"
    r"|\bmissing from the (?:chart|record)\b|\bno (?:record|documentation|data|information|assessment) (?:of|on|about|for|whether)\b"
)
_ASKED_NO = re.compile(_UNKNOWN)
_POSSIBLE = re.compile(
    r"\bpossibl[ey]\b|\bmaybe\b|\bunclear\b|\bvague\b|\bsuspected\b|\bquestionable\b|\bmay have\b|\bmight have\b|\bappears? to have\b"
)
_PAST = re.compile(
    r"\bhistory\b|\bpast\b(?! (?:\w+ )?(?:week|month|day|visit|session))|\bprior\b|\bprevious(?:ly)?\b|\bago\b|\blifetime\b|\bformer(?:ly)?\b"
    r"|\bas a (?:child|teen\w*|kid)\b|\bin (?:his|her|their) (?:teens|twenties|thirties|childhood|youth)\b|\bin (?:19|20)\d\d\b|\blast year\b|\bremote\b"
)
_IF = re.compile(
    r"\bif\b|\bshould (?:she|he|they|the|any|it)\b|\bin case\b|\bwhenever\b|\bfor suspected\b|\brisk of\b|\bat risk for\b"
)
_OTHERS = re.compile(
    r"\bfamily history\b|\b(?:mother|father|mom|dad|sister|brother|uncle|aunt|cousin|grand\w+|parent|friend|roommate|wife|husband|son|daughter)"
    r"(?:'s|s')? (?:\w+ ){0,2}(?:suicid|attempt|overdos|kill|died by|selfharm|homicid|violen)"
)
_AT_FIRST = re.compile(r"\b(?:initially|at first|originally|first|earlier)\b")
_TURN = re.compile(
    r"\b(?:then|later|but|before|after|eventually|subsequently)\b.*\b(?:disclos|admit|endors|acknowledg|reveal|report|confirm|show|state|said|says)"
)
_NAMES_ONLY = re.compile(
    r"\b988 suicide(?: and|&)? crisis lifeline\b|\bsuicid\w* (?=screen|prevention|severity|hotline|lifeline|risk assessment)|\(-\)"
)
_ANSWER = re.compile(
    r"(?<=[a-z)])\s*(?::|-| is| are| was| were)\s*(?=(?:none|denied|denies|negative|neg|absent|nil|not |unknown|deferred|no(?:\s*[.,;]|$)|no to every))"
)
_BREAK = re.compile(
    r"[.;:!?]+(?!\d)(?=\s|$|\")|\b(?:but|however|although|though|except|yet|whereas|while|because|despite)\b|, (?:then|so|and then)\b"
    r"|\band (?=(?:is|was|has|had|will|can|does|did|feels|felt|reports?|says|said|states?|agrees?|agreed|endorses?|remains?|continues?|keeps?|takes|plans)\b)"
)
_FORWARD = frozenset({"no", "not", "never", "nor", "neither", "deny", "negat", "lack", "zero"})
_BACKWARD = frozenset({"denied", "none", "negative", "neg", "absent", "nil"})
_AFFIRM = frozenset(
    ["endorses", "endorsed", "endorse", "reports", "reported", "report", "says", "said", "states", "stated", "admits", "admitted", "disclosed", "disclose", "disclosing", "remains", "remain", "persists", "persist", "continues", "describes"]
)
_PREPOSITIONS = frozenset(
    {"in", "at", "on", "by", "since", "throughout", "during", "today", "and", "or", ",", "(", ")", "/"}
)
_REACH = 5


@lru_cache(maxsize=4096)
def readings(text: str) -> dict[str, tuple[Reading, ...]]:
    """Each concept of the text with how every mention of it may be read."""
    found: dict[str, list[Reading]] = {}
    words = _NAMES_ONLY.sub(lambda name: " denied " if name[0] == "(-)" else " ", spoken(TAG.sub(" ", text)))
    words = _ANSWER.sub(" ", words)
    turned = bool(_AT_FIRST.search(words) and _TURN.search(words))
    for clause in _BREAK.split(words):
        for name, reading in _clause(clause, turned=turned and bool(_AT_FIRST.search(clause))):
            found.setdefault(name, []).append(reading)
    return {name: tuple(each) for name, each in found.items()}


def _clause(clause: str, *, turned: bool) -> list[tuple[str, Reading]]:
    marks = re.findall(r"[a-z]+(?:'[a-z]+)?|[,()/\"]|\d[\d.:/-]*", clause)
    negated = _negated(marks)
    unknown = _ASKED_NO.search(clause)
    out = []
    for place, mark in enumerate(marks):
        name = concept(mark) if is_word(mark) else ""
        if not name or (neutral(mark) and name not in RISK and name not in {"assess", "document"}):
            continue
        out.append((name, _read(name, clause, negated[place], unknown=bool(unknown), turned=turned)))
    return out


def _read(name: str, clause: str, negated: Reading, *, unknown: bool, turned: bool) -> Reading:
    if name not in RISK:
        return frozenset({Status.UNKNOWN, *negated}) if unknown else frozenset({Status.IS}) if turned else negated
    if unknown:
        return frozenset({Status.UNKNOWN})
    if Status.NOT in negated:
        return frozenset({Status.IS}) if turned else negated
    for pattern, status in ((_OTHERS, Status.OTHER), (_IF, Status.IF), (_POSSIBLE, Status.MAYBE), (_PAST, Status.WAS)):
        if pattern.search(clause):
            return frozenset({status})
    return negated


def _negated(marks: list[str]) -> list[Reading]:
    """For each mark of a clause whether a negation reaches it, surely or perhaps."""
    is_, not_, open_ = frozenset({Status.IS}), frozenset({Status.NOT}), frozenset({Status.IS, Status.NOT})
    out = [is_] * len(marks)
    for place, mark in enumerate(marks):
        if mark in _BACKWARD and _closes(marks, place):
            begin = max(0, place - 8)
            out[begin:place] = [
                not_ if begin + n >= _since_comma(marks, place) else open_ for n in range(place - begin)
            ]
        elif stem(mark) in _FORWARD:
            _reach(marks, place, out, not_, open_)
    return out


def _closes(marks: list[str], place: int) -> bool:
    """ "SI denied", "SI was denied in the note": what is denied stands before it."""
    if place == 0:
        return False
    rest = marks[place + 1 :]
    before = marks[place - 1]
    subject = before in {"she", "he", "they", "client", "who", "initially", "has", "have"} or before == ","
    return not subject and (not rest or rest[0] in _PREPOSITIONS)


def _since_comma(marks: list[str], place: int) -> int:
    """The start of the list that ends here: "SI, HI denied" denies both."""
    listed = [n for n in range(place) if marks[n] == "," and concept(marks[n - 1]) not in RISK]
    return listed[-1] if listed else 0


def _reach(marks: list[str], place: int, out: list[Reading], not_: Reading, open_: Reading) -> None:
    """Forward: sure for a few words, and for risk all along a list; open behind a comma or further on."""
    steps = 0
    beyond = False
    for n in range(place + 1, len(marks)):
        mark = marks[n]
        if mark in _AFFIRM and steps > 0 and any(concept(other) in RISK or n - place > 2 for other in marks[place:n]):
            return
        if not is_word(mark):
            beyond = beyond or mark == ","
            continue
        steps += not neutral(mark)
        sure = concept(mark) in RISK or (not beyond and steps <= _REACH)
        out[n] = not_ if sure else open_
