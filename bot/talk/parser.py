"""Rules, as data: a whole sentence of a known shape means the words of one command. Anything else means nothing.

Never guesses: a rule matches all of a sentence or none of it. Nothing here decides, answers a page or changes anything.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

ALIAS: Final = re.compile(r"\bc-?(\d{1,9})\b", re.IGNORECASE)
NEGATED: Final = re.compile(
    r"n['\u2019]t\b|\b(?:not|dont|never|no|cancel|stop|without|unless|if|yet|undo)\b", re.IGNORECASE
)
RISK: Final = re.compile(
    r"suicid|\bkill(?:ing)?\b|\boverdos|\b(?:self|selves)[\s-]*harm|\bharm(?:ing)?\b|\bhurt(?:ing)?\b"
    r"|\bwants? to die\b|\bend (?:his|her|their|my) life\b|\bunsafe\b|\bnot safe\b|\bin danger\b|\bemergency\b",
    re.IGNORECASE,
)
POLITE: Final = r"(?:(?:hi|hello|hey),? )?(?:(?:can|could|would|will) you )?(?:please )?"
CLIENT: Final = r"(?P<client>c-?\d{1,9})"
TO: Final = r"(?: (?:to|for) (?P<to>(?:<@[\w|.-]+>|[\w.'-]+(?: [\w.'-]+){0,2})))?"
MAKE: Final = r"(?:prepare|draft|write|make|start|begin|do|create)(?: me)?"


@dataclass(frozen=True, slots=True)
class Rule:
    """`means` are canonical words; {client} and {to} are filled in from the sentence."""

    sentence: str
    means: str
    command: str


RULES: Final = (
    Rule(rf"{POLITE}hand ?off {CLIENT}{TO}", "handoff {client}{to}", "handoff"),
    Rule(rf"where(?: is|'s) the referral (?:for|of) {CLIENT}", "referral status {client}", "referral"),
    Rule(
        rf"{POLITE}(?:show me )?the status of the referral (?:for|of) {CLIENT}", "referral status {client}", "referral"
    ),
    Rule(
        rf"(?:what is|what's|how is) the referral(?: status)? (?:for|of) {CLIENT}",
        "referral status {client}",
        "referral",
    ),
    Rule(r"where are my referrals", "referral list mine", "referral"),
    Rule(rf"{POLITE}(?:show|list)(?: me)? my referrals", "referral list mine", "referral"),
    Rule(r"(?:which referrals are|what is|what's) overdue", "referral list overdue", "referral"),
    Rule(rf"{POLITE}(?:show|list)(?: me)?(?: the)? overdue referrals", "referral list overdue", "referral"),
    Rule(rf"{POLITE}(?:show|list)(?: me)? (?:the|our) (?:team's )?referrals", "referral list team", "referral"),
    Rule(r"what(?: has)? changed(?: today)?|what's new(?: today)?|what is new(?: today)?", "digest now", "digest"),
    Rule(
        rf"{POLITE}(?:show me )?(?:the )?(?:weekly digest|week's digest|digest (?:of|for) the week)",
        "digest week",
        "digest",
    ),
    Rule(r"what(?: has)? changed this week", "digest week", "digest"),
    Rule(r"who am i|what are my roles", "baton whoami", "baton"),
    Rule(r"how are you|are you (?:up|working|ok|there)", "baton status", "baton"),
    Rule(r"is (?:anything|something) waiting(?: for me)?|what is waiting(?: for me)?", "digest now", "digest"),
)


@dataclass(frozen=True, slots=True)
class Name:
    """A command of the shelf (`drafts`) or of a room, with its title."""

    word: str
    title: str
    drafts: bool


@dataclass(frozen=True, slots=True)
class Unclear:
    """It sounds like a command, and is not followed: `sentence` asks back."""

    sentence: str


ONE_CLIENT: Final = Unclear("One client at a time, please. Nothing was started.")
SAID_NO: Final = Unclear("I did nothing: I read a `not` or an `if` in that. Write the command when it is time.")


def meant(text: str, names: Sequence[Name]) -> str | Unclear | None:
    """The canonical words of the one command that `text` means. None: no rule knows this sentence."""
    said = " ".join(text.replace("\u2019", "'").split()).rstrip(" ?.!")
    clients = {found.upper() for found in ALIAS.findall(said)}
    if clients and NEGATED.search(said):
        return SAID_NO
    if len(clients) > 1:
        return ONE_CLIENT
    if NEGATED.search(said):
        return None
    known = {name.word for name in names}
    rules = [rule for rule in RULES if rule.command in known] + [r for name in names for r in _rules_of(name)]
    found = {words for rule in rules if (words := _filled(rule, said)) is not None}
    return found.pop() if len(found) == 1 else None


def _rules_of(name: Name) -> list[Rule]:
    """What every command understands by its word and its title, without a line here for it."""
    called = f"(?:{re.escape(name.word)}|{re.escape(name.title)})"
    if not name.drafts:
        return [Rule(rf"{POLITE}(?:show|open|give)(?: me)?(?: the| my)? {called}", name.word, name.word)]
    means = f"{name.word} {{client}}{{to}}"
    return [
        Rule(rf"{POLITE}{MAKE}(?: an?| the)? {called} (?:for|of|about) {CLIENT}{TO}", means, name.word),
        Rule(rf"{POLITE}{called} (?:(?:for|of) )?{CLIENT}{TO}", means, name.word),
    ]


def _filled(rule: Rule, said: str) -> str | None:
    found = re.fullmatch(rule.sentence, said, re.IGNORECASE)
    if found is None:
        return None
    parts = found.groupdict()
    to = f" to {parts['to']}" if parts.get("to") else ""
    number = re.sub(r"\D", "", parts.get("client") or "")
    return rule.means.format(client=f"C-{number}", to=to)
