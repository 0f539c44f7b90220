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

_RISK_WORDS = """
    suicidal suicide homicidal selfharm deathwish attempt overdose gun hallucinations violence violent assault
    abuse cutting kill intent paranoia delusions mania manic psychosis psychotic firearm weapon means threat
    ideation
"""
RISK = frozenset(concept(word) for word in _RISK_WORDS.split())
_UNKNOWN = (
    r"\b(?:not|un|never)[ -]?(?:been |be |yet |able to )*(?:assessed|assess|asked|screened|answered|evaluated|explored|documented|recorded"
    r"|known|obtained|administered|completed|addressed|stated)\b|\bundocumented\b|\bunknown\b|\bunclear whether\b"
    r"|\b(?:can not|could not|did not|was not|were not) (?:be )?(?:assess\w*|ask\w*|screen\w*|evaluat\w*|explor\w*|read|answer\w*|complete\w*|document\w*)\b"
    r"|\bnot able to (?:assess|ask|screen|evaluate|explore)|\bdeferred\b|\b(?:declined|refused) to (?:answer|say|discuss)\b"
    r"|\bno (?:[\w()-]+ ){0,6}(?:documented|recorded|charted|noted in the chart)\b|\bnothing (?:[\w-]+ ){0,6}(?:is )?documented\b|\black(?:s|ing)? documentation\b"
    r"|\b(?:do|does|did) not (?:document|record|state)\b"
    r"|\b(?:nobody|no one) (?:has |had )?(?:assessed|asked|screened|evaluated|documented|recorded)\b"
    r"|\bmissing from the (?:chart|record)\b|\bno (?:record|documentation|data|information|assessment) (?:of|on|about|for|whether)\b"
)
_ASKED_NO = re.compile(_UNKNOWN)
_ACTIVE = re.compile(r"\b(?:do|does|did) not (?:document|record|state)|\b(?:of|on|about|for|whether)$|^nothing|^lack")
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
_AT_FIRST = re.compile(
    r"\b(?:initially|at first|originally|first|(?<!days )(?<!weeks )(?<!months )(?<!years )earlier)\b"
)
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
    r"|\band (?=(?:the|an?|his|her|their|its) (?:\w+ ){1,4}?(?:is|are|was|were|has|have|had)\b)"
    r"|\band (?=(?:is|was|has|had|will|can|does|did|never|feels|felt|reports?|says|said|states?|agrees?|agreed|endorses?|remains?|continues?|keeps?|takes|plans)\b)"
)
_TURNING = frozenset({"when", "if", "unless", "until", "since", "after", "before", "during", "while", "as", "for"})
_FORWARD = frozenset({"no", "nothing", "nobody", "not", "never", "nor", "neither", "deny", "negat", "lack"})
_BACKWARD = frozenset({"denied", "none", "negative", "neg", "absent", "nil"})
_AFFIRM_WORDS = """
    endorses endorsed endorse reports reported report says said states stated admits admitted disclosed disclose
    disclosing remains remain persists persist continues describes
"""
_AFFIRM = frozenset(_AFFIRM_WORDS.split())
_PREPOSITIONS = frozenset(
    {"in", "at", "on", "by", "since", "throughout", "during", "today", "and", "or", ",", "(", ")", "/"}
)
_REACH = 5
_MARK = re.compile(r"[a-z]+(?:'[a-z]+)?|[,()/\"]|\d[\d.:/-]*")
_LISTED = frozenset(
    {
        "or",
        "and",
        "nor",
        "any",
        "current",
        "active",
        "passive",
        "plan",
        "intent",
        "no",
        "thoughts",
        "urges",
        "wish",
        "recent",
    }
)


@lru_cache(maxsize=4096)
def readings(text: str) -> dict[str, tuple[Reading, ...]]:
    """Each concept of the text with how every mention of it may be read."""
    found: dict[str, list[Reading]] = {}
    words = _NAMES_ONLY.sub(lambda name: " denied " if name[0] == "(-)" else " ", spoken(TAG.sub(" ", text)))
    words = _ANSWER.sub(" ", words.replace("document:", "document"))
    turned = bool(_AT_FIRST.search(words) and _TURN.search(words))
    for clause in _BREAK.split(words):
        for name, reading in _clause(clause, turned=turned and bool(_AT_FIRST.search(clause))):
            found.setdefault(name, []).append(reading)
    return {name: tuple(each) for name, each in found.items()}


def _clause(clause: str, *, turned: bool) -> list[tuple[str, Reading]]:
    found = list(_MARK.finditer(clause))
    negated = _negated([mark[0] for mark in found])
    unknown = _reach_of_unknown(clause)
    out = []
    for mark, reading in zip(found, negated, strict=True):
        name = concept(mark[0]) if is_word(mark[0]) else ""
        if name not in {"", "deny"} and (name in RISK or not neutral(mark[0]) or name in {"assess", "document"}):
            out.append((name, _read(name, clause, reading, unknown=_unknown_at(mark.start(), unknown), turned=turned)))
    return out


def _reach_of_unknown(clause: str) -> tuple[int, int] | None:
    """From where to where a clause surely says that something is not known; None when it says no such thing."""
    if (found := _ASKED_NO.search(clause)) is None:
        return None
    if _ACTIVE.search(found[0]):
        return found.start(), found.end() + len(re.split(r"[,()]", clause[found.end() :])[0])
    before = re.split(r"[,()]", clause[: found.start()])[-1]
    words = [word for word in re.finditer(r"[a-z']+", before) if not neutral(word[0])][-3:]
    begin = found.start() - len(before) + words[0].start() if words else found.start()
    return begin, found.end()


def _unknown_at(place: int, unknown: tuple[int, int] | None) -> bool | None:
    """True: surely; False: perhaps; None: not at all."""
    return None if unknown is None else unknown[0] <= place < unknown[1]


def _read(name: str, clause: str, negated: Reading, *, unknown: bool | None, turned: bool) -> Reading:
    if unknown or (unknown is not None and name in RISK):
        return frozenset({Status.UNKNOWN})
    if unknown is not None:
        return frozenset({Status.UNKNOWN, *negated})
    if turned and Status.NOT in negated:
        return frozenset({Status.IS})
    if name not in RISK or Status.NOT in negated:
        return negated
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
        elif mark == "no" and place and marks[place + 1 : place + 2] in ([], [","], [")"], ['"']):
            begin = max((n + 1 for n in range(place) if marks[n] in {"yes", "no"}), default=0)
            out[begin:place] = [not_] * (place - begin)
        elif mark in _FORWARD or stem(mark) in _FORWARD:
            _reach(marks, place, out, not_, open_)
            _before(marks, place, out, not_, open_)
    for place, mark in enumerate(marks[1:]):
        if mark == "yes":
            out[place] = is_
    return out


def _before(marks: list[str], place: int, out: list[Reading], not_: Reading, open_: Reading) -> None:
    """“The thoughts did not return” denies the thoughts; "leave no voicemail" and "do not leave" are one."""
    behind = [mark for mark in marks[place + 1 :] if is_word(mark) and not neutral(mark)]
    if marks[place] in {"not", "never"} and not behind:
        begin = max((n + 1 for n in range(place) if not is_word(marks[n])), default=0)
        out[begin:place] = [not_] * (place - begin)
    elif marks[place] == "no" and place and is_word(marks[place - 1]) and concept(marks[place - 1]) not in RISK:
        out[place - 1] = open_


def _closes(marks: list[str], place: int) -> bool:
    """“SI denied”, "SI was denied in the note": what is denied stands before it."""
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
    steps, listed, beyond = 0, True, False
    for n in range(place + 1, len(marks)):
        mark, before = marks[n], marks[n - 1]
        if mark in _AFFIRM and steps > 0 and any(concept(other) in RISK or n - place > 2 for other in marks[place:n]):
            return
        beyond = beyond or before in {",", "(", ")"} or mark in _TURNING
        if before == ",":
            in_a_list = mark in {"a", "an"} and bool({"or", "nor"} & set(marks[n:]))
            listed = listed and (concept(mark) in RISK or mark in _LISTED or in_a_list)
        if is_word(mark):
            steps += not neutral(mark)
            risk = concept(mark) in RISK
            sure = listed if risk else (not beyond and steps <= _REACH)
            out[n] = not_ if sure else out[n] if risk else open_
