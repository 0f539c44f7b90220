"""Who: names, relatives and roles of a sentence are those of its sources, and what a relative said stays theirs."""

import re
from collections.abc import Sequence
from functools import lru_cache

from bot.drafting.checks import dates
from bot.drafting.checks.drugs import GENERIC
from bot.drafting.checks.lexicon import NEUTRAL, SYNONYMS
from bot.drafting.checks.numbers import INSTRUMENT
from bot.drafting.checks.words import TAG, concept, folded, spoken

_ROLES = (
    "mother mom mum", "father dad", "parent parents", "wife", "husband", "spouse", "partner", "girlfriend", "boyfriend", "fiance fiancee",
    "sister", "brother", "sibling siblings", "son", "daughter", "child children kids", "aunt", "uncle", "cousin", "niece", "nephew",
    "grandmother grandma", "grandfather grandpa", "grandparent grandparents", "roommate housemate", "friend", "neighbor neighbour",
    "sponsor", "pastor chaplain priest", "teacher", "coach", "guardian", "landlord", "employer boss", "coworker colleague",
    "lawyer attorney", "judge", "stepmother stepmom", "stepfather stepdad", "foster", "caregiver", "ex",
    "nurse rn", "psychiatrist prescriber md pmhnp doctor dr physician", "pharmacist", "dentist",
    "therapist counselor clinician lcsw lpc psyd psychologist", "coordinator", "supervisor", "probation", "parole", "police",
)  # fmt: skip
_ROLE = {word: words.split()[0] for words in _ROLES for word in words.split()}
_INCLUDES = {"parent": {"mother", "father"}, "sibling": {"sister", "brother"}, "spouse": {"wife", "husband", "partner"}, "partner": {"wife", "husband", "spouse", "girlfriend", "boyfriend"},
             "child": {"son", "daughter"}, "grandparent": {"grandmother", "grandfather"}, "psychiatrist": {"nurse"}}  # fmt: skip
_RELATIVES = frozenset(role for words in _ROLES[:28] for role in words.split()[:1]) | {
    "foster",
    "caregiver",
    "ex",
    "guardian",
    "teacher",
}
_NAME = re.compile(r"(?<![\w'])([A-Z][a-z]+(?:[-'][A-Za-z]+)*|[A-Z]\.)(?:'s)?(?![\w])")
_TITLE = re.compile(r"\b(Drs?|Mr|Mrs|Ms|Mx|Prof|St|Rev)\.")
_OPENING = re.compile(r"(?:^|[.!?:;]\s+|[\"(]\s*|- )$")
_SAYING = (
    r"(?:\w+ly )?(?:reports?|reported|says|said|states?|stated|tells?|told|notes|noted|describes?|described|thinks|believes|worries|worried"
    r"|called|calls|wrote|observes|observed|denies|denied|endorses|endorsed|mentions|mentioned|disclosed|shared)\b"
)
_CLIENT = r"\b(?:client|patient|she|he|they|who)"
_BY_CLIENT = re.compile(rf"{_CLIENT} {_SAYING}|\b(?:according to|per) (?:the )?(?:client|patient)\b|\bself-report")
_VERB_NEXT = re.compile(
    r"(?:'s)? (?:is|was|has|had|will|would|can|could|did|does|and|or|reports?|said|says|[a-z]{3,}(?:s|ed))\b"
)
_SHE, _HE = re.compile(r"\b(?:she|her|hers|herself)\b"), re.compile(r"\b(?:he|him|his|himself)\b")


def wrong(sentence: str, sources: Sequence[str]) -> bool:
    """Whether somebody is named or meant who is in no source, or a relative's report is made the client's own."""
    return (
        _name_wrong(sentence, sources)
        or _role_wrong(sentence, sources)
        or _report_wrong(sentence, sources)
        or _pronoun_wrong(sentence, sources)
    )


def _name_wrong(sentence: str, sources: Sequence[str]) -> bool:
    held = {word for source in sources for word in re.findall(r"[a-z]+", folded(TAG.sub(" ", source)).lower())}
    return any(not held.issuperset(re.findall(r"[a-z]{2,}", name.lower())) for name in names(sentence))


@lru_cache(maxsize=4096)
def names(text: str) -> tuple[str, ...]:
    """Capitalised words that stand there as names: within a sentence, or as a subject that is no common word."""
    line = INSTRUMENT.sub(lambda name: name[0].lower(), _TITLE.sub(r"\1 ", dates.masked(TAG.sub(" x ", text), ())))
    return tuple(match[1] for match in _NAME.finditer(line) if _stands_as_name(match, line))


def _stands_as_name(match: re.Match[str], line: str) -> bool:
    word = match[1].lower()
    if word in _ORDINARY or word in GENERIC or word in _ROLE or word in NEUTRAL or concept(word) in NEUTRAL:
        return False
    if not _OPENING.search(line, 0, match.start()):
        return True
    followed = line[match.end() : match.end() + 2]
    another = len(followed) == 2 and followed[1].isupper()
    return another or (word not in SYNONYMS and bool(_VERB_NEXT.match(line, match.end(1))))


def _role_wrong(sentence: str, sources: Sequence[str]) -> bool:
    held = {role for source in sources for role in roles(source)}
    return any(role not in held and not (_INCLUDES.get(role, set()) & held) for role in roles(sentence))


@lru_cache(maxsize=4096)
def roles(text: str) -> frozenset[str]:
    return frozenset(
        _ROLE[word] for word in re.findall(r"[a-z]+", folded(text).lower().replace("'s", "")) if word in _ROLE
    )


def _report_wrong(sentence: str, sources: Sequence[str]) -> bool:
    """A relative's word made the client's: the sentence has the client say it, all sources have a relative say it."""
    if not sources or any(role in _RELATIVES for role in roles(sentence)) or not _BY_CLIENT.search(spoken(sentence)):
        return False
    return all(reported_by_other(source) and not _BY_CLIENT.search(spoken(source)) for source in sources)


@lru_cache(maxsize=4096)
def reported_by_other(text: str) -> bool:
    """Whether a relative or another third party is the one who says it."""
    found = re.finditer(
        rf"\b([a-z]+)(?: [A-Z]?[a-z]+)? {_SAYING}|\b(?:per|according to) (?:\w+ )?([a-z]+)\b", folded(text).lower()
    )
    return any(_ROLE.get(word) in _RELATIVES for match in found for word in match.groups() if word)


def _pronoun_wrong(sentence: str, sources: Sequence[str]) -> bool:
    if any(roles(text) & _RELATIVES for text in (sentence, *sources)):
        return False  # it may be theirs
    said, held = spoken(sentence), " ".join(spoken(source) for source in sources)
    she, he = bool(_SHE.search(held)), bool(_HE.search(held))
    return (bool(_HE.search(said)) and she and not he) or (bool(_SHE.search(said)) and he and not she)


_ORDINARY_WORDS = """
    i monday tuesday wednesday thursday friday saturday sunday january february march april may june july august
    september october november december dr mr mrs ms mx prof rev the this that these those there here what if when
    while since although no not none never nothing neither nobody some any each all both several most many few
    more less after before during until by in on at to for from with without as per about above under over of and
    but or so yet also then now today she he they it we you safety plan alert alerts risk mood sleep anxiety
    depression current active recent medication medications dose denies denied reports reported states stated
    notes noted agrees agreed plans will has have had is are was were did does do attended missed kept next last
    suicide suicidal ideation english spanish goal target baseline treatment therapy individual group family
    psychiatric medical symptoms score scores severity warning signs crisis follow followup referral labs lab
    visit visits session screening screen
"""
_ORDINARY = frozenset(_ORDINARY_WORDS.split())
