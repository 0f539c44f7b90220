"""What a sentence of a note says about suicide, self-harm or harm to others. By rule, never by a model.

Four answers, and silence is none of them. Whatever is not a plain denial counts as a mention, so the rule errs
towards being read by a person. A sentence is only ever sorted here; what the reader sees is the sentence itself.
"""

import re
from datetime import date
from enum import StrEnum

from ehr_clients.models import SafetyPlan
from skills.kit.words import days_between, listed, plural


class Said(StrEnum):
    DENIED = "denied"  # a plain denial and nothing beside it
    NOT_ASSESSED = "not_assessed"  # the question was not asked or not answered: never a denial
    ADVISED = "advised"  # what to do if thoughts come: it says nothing about whether they did
    MENTIONED = "mentioned"  # anything else: present, past, hedged, unclear


_TOPIC = re.compile(
    r"\bscreener\b|\b(?:an|past|prior|previous|one|two|three) attempts?\b(?! (?:to|at|on)\b)"
    r"|suicid|\bSI\b|\bS/I\b|\bHI\b|\bH/I\b|\bSIB\b|\bNSSI\b|self[- ]?(?:harm|injur)|c-?ssrs|ideation"
    r"|kill(?:ing|ed)?\s+(?:him|her|my|them)sel|(?:hurt|harm|cut)(?:ing|ting)?\s+(?:him|her|my|them)sel"
    r"|(?:wish|want)\w*\s+(?:\w+\s+){0,3}(?:to be dead|to die|dead)|(?:wish|want"
    r"|thought)\w*\s+(?:\w+\s+){0,4}(?:not|n['’]t)\s+(?:want to\s+)?wak"
    r"|(?:\bnot|n['’]t)\s+want\s+to\s+(?:live|be alive|be here|wake|go on)|better off (?:dead|without)"
    r"|end(?:ing)?\s+(?:it all|(?:his|her|my|their) life)"
    r"|overdos|homicid|kill\s+(?:him|her|them|his|someone|people)\b|\bcutting\b|\bkms\b"
    r"|\bcut(?:s|ting)?\s+(?:his|her|their|my)\s+(?:\w+\s+)?(?:wrists?|arms?|forearms?|legs?|thighs?)\b"
    r"|\bSA\s+(?:via|by|at|in)\b"
    r"|(?:bought|purchased|obtained|got|loaded)\s+(?:\w+\s+)?(?:gun|firearm|rifle|pistol)|be with (?:his|her"
    r"|their|my) late\b",
    re.IGNORECASE,
)
_CASED = re.compile(r"SI|HI|SIB|NSSI|S/I|H/I")  # "si" and "hi" are words; the abbreviations stand in capitals
_NOT_ASSESSED = re.compile(
    r"\b(?:not|un|never)[ -]?(?:been )?(?:assessed|asked|screened|answered|evaluated|explored|done"
    r"|administered|completed)\b"
    r"|\b(?:could|did|was|were)(?:n't| not) (?:be )?(?:assess|ask|screen|evaluat|explor|complet|administer|answer)"
    r"|unable to (?:assess|ask|screen|evaluate)|\bdefer(?:red)?\b|declined to (?:answer|say|discuss)"
    r"|refused to (?:answer|discuss)",
    re.IGNORECASE,
)
_UNASKED = re.compile(r"\b(?:safety|risk|item 9)\b", re.IGNORECASE)  # a topic only of a question that stayed open
_DENIED = re.compile(
    r"\bden(?:ies|ied|ying|y)\b|\bno (?:current |active |passive |acute )*(?:SI|HI|suicid|homicid"
    r"|thoughts? of|self|ideation|wish)"
    r"|\bnegative (?:for|on)|\bneg\b|\bwithout (?:SI|HI|suicid)|\b(?:SI|HI)[:/ ]+(?:none|no|denied|\(-\))"
    r"|none reported|not suicidal|screen(?:er)? (?:was )?negative",
    re.IGNORECASE,
)
_NONE_GIVEN = re.compile(
    r"no (?:current |active |passive )?(?:SI|HI|suicid\w*)[\w ,/]*\b(?:endorsed|reported|noted|expressed"
    r"|voiced)(?: today| this session)?\.?",
    re.IGNORECASE,
)
_ADVICE = re.compile(
    r"^(?:call|text|go to|contact|reviewed|discussed|provided|gave|given|attended|black box)\b.*"
    r"\b(?:988|911|safety plan|crisis (?:line|plan)|warning|hotline|lifeline|training)\b",
    re.IGNORECASE,
)
_HEDGE = re.compile(
    r"\b(?:initially|then|later|no longer|not den|disclos\w*|will|goal|but|however|although|though|except|yet"
    r"|until|unless|admits?|endors\w*|passive(?! or active)|fleeting|passing|sometimes"
    r"|says|said|states?|stated|told|reports? that|yesterday|last (?:night|week|month)|recent|histor\w*|hx"
    r"|previous|prior|past|ever\b|attempt\w*"
    r"|(?:wish|thought)\w*(?= of not waking)|years? ago|weeks? ago|days? ago|plan to|with (?:a )?plan|wrote"
    r"|texted|partner|mother|father|friend|refus\w*|guarded|vague)\b",
    re.IGNORECASE,
)
_RATED = re.compile(
    r"\b(?:suicide |safety |acute |chronic |overall |current )?risk(?: level)?(?: is| remains| was| rated"
    r"| assessed| assessed as| assessed at|:| judged)* "
    r"(?P<after>low|moderate|high|elevated|imminent)\b"
    r"|c-?ssrs[^.:;]{0,40}[:=]? ?\b(?P<screen>low|moderate|high)\b"
    r"|\b(?P<before>low|moderate|high|elevated|imminent)[ -](?:acute |suicide |safety )?risk\b(?! (?:factor"
    r"|situation))",
    re.IGNORECASE,
)


def said(sentence: str) -> Said | None:
    """What the sentence says about safety; None when it is about something else."""
    about = _about_safety(sentence)
    if _NOT_ASSESSED.search(sentence) and (about or _UNASKED.search(sentence)):
        return Said.NOT_ASSESSED
    if not about:
        return None
    if _NONE_GIVEN.fullmatch(sentence):
        return Said.DENIED
    if _HEDGE.search(sentence):
        return Said.MENTIONED
    if _DENIED.search(sentence):
        return Said.DENIED
    return Said.ADVISED if _ADVICE.search(sentence) else Said.MENTIONED


def rated(sentence: str) -> str | None:
    """The level a clinician wrote, in their word (lower case); None when the sentence rates nothing, or rates twice."""
    levels = {(found["after"] or found["before"] or found["screen"]).lower() for found in _RATED.finditer(sentence)}
    if re.search(r"\bnot (?:at )?(?:low|moderate|high|elevated|imminent)", sentence, re.IGNORECASE) or len(levels) != 1:
        return None
    return levels.pop()


def _about_safety(sentence: str) -> bool:
    found = [match[0] for match in _TOPIC.finditer(sentence)]
    return any(not _CASED.fullmatch(word.upper()) or _CASED.fullmatch(word) for word in found)


STALE_AFTER_DAYS = 90
STEPS = (
    "warning signs",
    "coping on one's own",
    "people and places for distraction",
    "people to ask for help",
    "professionals and agencies",
    "making the environment safe",
)
_STEP_WORDS = (
    r"warning",
    r"coping",
    r"distract",
    r"help|family|friend|people to|support",
    r"profession|agenc|crisis",
    r"environment|means|safe(?!ty plan)",
)
_CONTACT = re.compile(r"\d{3}[-. )]*\d{4}|\b988\b|\b911\b|@")
_NAMED = re.compile(
    r"(?<![.!?] )(?<!^)\b[A-Z][a-z]+|^[A-Z][a-z]+ [A-Z][a-z]+|\b(?:mother|father|mom|dad|sister|brother|wife"
    r"|husband|partner|friend|aunt|uncle|"
    r"son|daughter|grand\w+|sponsor|pastor|neighbou?r|roommate|cousin|coach|teacher|foster)\b"
)


def step(plan: SafetyPlan, number: int) -> str | None:
    """The text of one of the six steps (from 1), found by its title; None when the plan lacks it."""
    return next((text for title, text in plan.steps if text.strip() and _number(title) == number), None)


def _number(title: str) -> int | None:
    """Titles differ between EHRs: the first step whose words fit, in the order of the plan, is the one meant."""
    return next((n for n, words in enumerate(_STEP_WORDS, start=1) if re.search(words, title, re.IGNORECASE)), None)


def lint(plan: SafetyPlan, today: date) -> tuple[str, ...]:
    """What a reader should know is wrong with the plan, as phrases; () when nothing is."""
    found = [_age(plan, today), _absent(plan), _nobody(plan, 3), _nobody(plan, 4)]
    return tuple(phrase for phrase in found if phrase)


def _age(plan: SafetyPlan, today: date) -> str | None:
    if plan.when is None:
        return "its date is not documented"
    age = days_between(plan.when, today)
    return f"{plural(age, 'day')} old, over {STALE_AFTER_DAYS}" if age > STALE_AFTER_DAYS else None


def _absent(plan: SafetyPlan) -> str | None:
    absent = [f"{number} ({name})" for number, name in enumerate(STEPS, start=1) if step(plan, number) is None]
    if len(absent) == len(STEPS):
        return "its steps cannot be read"
    return f"no step {listed(absent)}" if absent else None


def _nobody(plan: SafetyPlan, number: int) -> str | None:
    text = step(plan, number)
    named = text is None or _CONTACT.search(text) or _NAMED.search(text)
    return None if named else f"step {number} names no contact"
