"""The last door: a word passes when it is known to be harmless where it stands. What nobody knows is masked."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from bot.privacy.recognizers import lists
from bot.privacy.recognizers.addresses import INSTITUTIONS
from bot.privacy.recognizers.folding import Token
from bot.privacy.recognizers.spans import GATE, LIST, Found, Kind

_DISEASES: Final = frozenset(
    "disease syndrome disorder sign test scale score criteria criterion reflex palsy index phenomenon law lymphoma sarcoma"
    " classification inventory questionnaire maneuver manoeuvre method stage staging tumor tumour anemia contracture thyroiditis"
    " encephalopathy esophagus oesophagus ataxia dementia chorea triad position ratio line lines neuropathy grade ulcer"
    " hepatitis arthritis purpura fracture infarction nodes cyst stain catheter tube exercise exercises therapy rating checklist"
    " measure schedule interview diagnostic assessment screen screener battery depression anxiety mania suicide severity".split()
)
_FUNCTION: Final = frozenset(
    "in an will my may so many else see page art al manual means soon season so long king loan love like more most must need never next"
    " new no not now old only other over own part past pay plan read ready right say self short some still stop then there time times true under until"
    " very want wait well what when where who why work would yes you young your best close fine full good hard high home job keep last late"
    " less light low main male man mean more name near night note open out pain person point poor real rest safe same set side small strong such sure"
    " take tell than that the this too try two up use way week weeks month months day days year years wide wild wise word worth major price cost".split()
)
_ACTS: Final = frozenset(
    "is was has had says said states stated reports reported called calls denies denied asked agreed attended came went left joined"
    " arrived presented met told feels felt wants wanted noted also and gave took works lives moved thinks thought knows knew does did can could"
    " would might must who seems appears appeared continues continued declined refused endorsed endorses describes described".split()
)
_LETTERS: Final = re.compile(r"[^\W\d_]")


def unsure(folded: str, tokens: Sequence[Token]) -> list[bool]:
    """For each token: would the gate mask it, by itself and where it stands?"""
    return [_is_unsure(folded, tokens, at, token) for at, token in enumerate(tokens)]


def _is_unsure(folded: str, tokens: Sequence[Token], at: int, token: Token) -> bool:
    low = token.low
    first = token.text[0]
    if first.isdigit():
        return False
    if len(low) == 1:
        return first.isalpha() and not first.isascii()
    if not token.capital:
        return low not in lists.safe() and not _harmless_form(low)
    if token.shouted:
        return not _shouted_safe(tokens, at, low)
    if token.accented or (low in lists.names() and low in lists.abbreviations()):
        return True
    if low in lists.clinical() and low not in lists.both():
        return False
    if _eponym(folded, tokens, at, token):
        return False
    if token.opens:
        return (
            low not in lists.safe()
            and not _harmless_form(low)
            or (low in lists.both() and _acts(folded, tokens, at, token))
        )
    if _is_label(folded, token) and low in lists.safe():
        return False
    return not _in_heading(folded, tokens, at)


def _harmless_form(low: str) -> bool:
    """A known word with an ending or a part before it that lists leave out."""
    if "'" in low:
        head, _, tail = low.partition("'")
        return head in lists.safe() and tail in {"s", "t", "d", "ll", "re", "ve", "m", "em", "er", "n"}
    if low.endswith("s") and low[:-1] in lists.clinical():
        return True
    return len(low) > 6 and any(
        low.startswith(head) and len(low) - len(head) > 3 and low[len(head) :] in lists.safe()
        for head in ("non", "pre", "post", "anti", "over", "under", "neuro", "psycho", "hyper", "hypo", "inter", "intra", "multi", "poly", "self", "semi", "sub", "un", "re", "bio", "immuno", "cardio", "gastro", "micro", "co")
    )  # fmt: skip


def _shouted_safe(tokens: Sequence[Token], at: int, low: str) -> bool:
    if low in lists.abbreviations() or (low in lists.clinical() and low not in lists.both()):
        return True
    beside = [tokens[i] for i in (at - 1, at + 1) if 0 <= i < len(tokens)]
    loud = any(t.shouted and len(t.text) > 2 for t in beside)
    if low in lists.both():
        return False
    return low in lists.safe() and (loud or tokens[at].opens or low in lists.clinical() or len(low) > 5)


def _eponym(folded: str, tokens: Sequence[Token], at: int, token: Token) -> bool:
    """ "Crohn's disease", "Beck Depression Inventory", "Stevens-Johnson syndrome": nobody's name in this text."""
    for ahead in range(at + 1, min(at + 5, len(tokens))):
        between = folded[tokens[ahead - 1].end : tokens[ahead].start]
        if between not in {" ", "-", "'s ", "' "}:
            break
        if tokens[ahead].low in _DISEASES:
            return ahead > at + 1 or token.low in lists.eponyms() or token.owns or token.low in lists.safe()
        if not tokens[ahead].capital:
            break
    return token.owns and token.low in lists.eponyms() and token.low not in lists.first_names()


def _acts(folded: str, tokens: Sequence[Token], at: int, token: Token) -> bool:
    """At the beginning of a sentence, a word that is a name as well: a person, if it acts or owns like one."""
    if token.low in _FUNCTION or at + 1 >= len(tokens):
        return False
    after = tokens[at + 1]
    between = folded[token.end : after.start]
    if token.owns:
        return token.low in lists.first_names()
    if between != " ":
        return False
    if after.capital and not after.shouted and after.low not in lists.clinical():
        return token.low in lists.first_names()
    return after.low in _ACTS and token.low in lists.first_names()


def _is_label(folded: str, token: Token) -> bool:
    return folded[token.end : token.end + 2].lstrip()[:1] in {":", "="}


def _in_heading(folded: str, tokens: Sequence[Token], at: int) -> bool:
    """A short line of everyday words with capitals, alone or before a colon: "Date of Service:", "Progress Note"."""
    first = at
    while first and not tokens[first].opens and at - first < 5:
        first -= 1
    if not tokens[first].opens or folded[max(0, tokens[first].start - 1) : tokens[first].start] not in {
        "",
        "\n",
        "\r",
        "\t",
        " ",
    }:
        return False
    for last in range(first, min(first + 6, len(tokens))):
        token = tokens[last]
        if token.low not in lists.safe() or token.low in lists.both() and token.low not in _FUNCTION:
            return False
        after = folded[token.end : token.end + 2]
        if last >= at and after[:1] in {":", "\n"}:
            return first == 0 or "\n" in folded[tokens[first - 1].end : tokens[first].start] or after[:1] == ":"
        if after[:1] not in {" ", "-", "/", "&"}:
            return False
    return False


def closed(folded: str, tokens: Sequence[Token], masks: Sequence[bool]) -> Iterator[Found]:
    """Everything the gate masks: runs of words that nobody knows, with the initials and the institution that go with them."""
    at = 0
    while at < len(tokens):
        if not masks[at]:
            at += 1
            continue
        last = _run(folded, tokens, masks, at)
        first = _reach_back(folded, tokens, at)
        inside = tokens[first : last + 1]
        yield Found(
            tokens[first].start, tokens[last].end, _kind(inside), LIST if _kind(inside) is not Kind.TERM else GATE
        )
        at = last + 1


def _run(folded: str, tokens: Sequence[Token], masks: Sequence[bool], at: int) -> int:
    last = at
    for on in range(at + 1, len(tokens)):
        between = folded[tokens[on - 1].end : tokens[on].start]
        token = tokens[on]
        if between not in {" ", "-", ". ", ".", "'s ", "' ", " & ", "/", "_"}:
            break
        if masks[on] and between != "/":
            last = on
        elif between in {" ", "'s ", "' ", ". ", "-"} and token.capital and token.low in INSTITUTIONS:
            last = on
        elif (
            between == " "
            and len(token.text) == 1
            and token.capital
            and folded[token.end : token.end + 1] in {".", ",", "", ")", " "}
            and tokens[on - 1].capital
        ):
            last = on
        elif not (
            between in {" ", " & "}
            and token.low
            in {
                "de",
                "la",
                "van",
                "von",
                "der",
                "del",
                "di",
                "da",
                "of",
                "the",
                "and",
                "du",
                "el",
                "al",
                "y",
                "den",
                "dos",
            }
        ):
            break
        elif on - last > 2:
            break
    return last


def _reach_back(folded: str, tokens: Sequence[Token], at: int) -> int:
    """ "Mt. Sinai", "A. Barnes": what belongs to a name and stands before it."""
    if at and tokens[at - 1].capital:
        between, before = folded[tokens[at - 1].end : tokens[at].start], tokens[at - 1]
        if between in {". ", " ", "."} and (
            before.low
            in {"st", "mt", "ft", "san", "santa", "saint", "el", "los", "las", "la", "le", "de", "new", "mc", "mac"}
            or (len(before.text) == 1 and between != " ")
        ):
            return at - 1
        if between == "'" and len(before.text) == 1:
            return at - 1
    return at


def _kind(inside: Sequence[Token]) -> Kind:
    if any(t.capital and t.low in INSTITUTIONS for t in inside):
        return Kind.LOCATION
    if any(t.low in lists.names() for t in inside):
        return Kind.NAME
    return Kind.TERM
