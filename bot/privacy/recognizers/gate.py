"""The last door: a word passes when it is known to be harmless where it stands. What nobody knows is masked."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final

from bot.privacy.recognizers import lists
from bot.privacy.recognizers.addresses import INSTITUTIONS
from bot.privacy.recognizers.context import RELATIONS
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
_PARTICLES: Final = frozenset(
    "de la van von der del di da of the and du el al y den dos ten ter op zu af av bin ibn ben nad las los le e i".split()
)
_SAINTS: Final = frozenset("st mt ft san santa saint mount fort port".split())
_BEFORE_NAME: Final = frozenset("el los las la le de new mc mac".split())
_FROM: Final = frozenset("at to from in near the".split())
_COPULA: Final = frozenset(
    "is are was were be being a an as very raised devout practicing identifies speaks speak in".split()
)
_BEHIND_INITIAL: Final = frozenset({".", ",", "", ")", " ", "'", "-", "?", ";"})
_ALIKE: Final = str.maketrans("1i|0", "lllo")


def unsure(folded: str, tokens: Sequence[Token]) -> list[bool]:
    """For each token: would the gate mask it, by itself and where it stands?"""
    return [_is_unsure(folded, tokens, at, token) for at, token in enumerate(tokens)]


def _is_unsure(folded: str, tokens: Sequence[Token], at: int, token: Token) -> bool:  # noqa: C901, PLR0912 - one line per rule, in order
    low = token.low
    first = token.text[0]
    if first.isdigit():
        return False
    if len(low) == 1:
        return first.isalpha() and not first.isascii()
    if any(map(str.isdigit, low)):
        return not _figured(low)
    if not token.capital:
        return (low not in lists.safe() and not _harmless_form(low)) or _with_initial(folded, tokens, at)
    if token.shouted:
        return not _shouted_safe(tokens, at, low)
    if low in lists.believers() and at and tokens[at - 1].low in _COPULA:
        return False
    if token.accented or (low in lists.names() and low in lists.abbreviations()):
        return True
    if low in lists.clinical() and low not in lists.both():
        return False
    if _eponym(folded, tokens, at, token) or (at and tokens[at - 1].low == "the" and low in lists.eponyms()):
        return False
    if _before_given(folded, tokens, at):
        return True
    if _is_label(folded, token) and low.translate(_ALIKE) in _scanned_labels():
        return False
    if token.opens and _opens_name(folded, tokens, at):
        return True
    if token.opens:
        return (low not in lists.safe() and not _harmless_form(low)) or (
            low in lists.both() and _acts(folded, tokens, at, token)
        )
    if _is_label(folded, token) and low in lists.safe():
        return False
    return not _in_heading(folded, tokens, at)


def _with_initial(folded: str, tokens: Sequence[Token], at: int) -> bool:
    """Mara b.: a first name in small letters that is a rare word too, before an initial."""
    token = tokens[at]
    if token.low not in lists.first_names() or token.low in lists.frequent() or at + 1 >= len(tokens):
        return False
    initial = tokens[at + 1]
    return (
        len(initial.text) == 1
        and initial.text.isalpha()
        and folded[token.end : initial.start] == " "
        and folded[initial.end : initial.end + 1] == "."
    )


def _figured(low: str) -> bool:
    """Letters with a figure or two that are a measure and nobody: "x3", "A1c", "PHQ9"."""
    letters = "".join(char for char in low if char.isalpha())
    return len(low) - len(letters) <= 2 and (len(letters) <= 2 or letters in lists.safe())


@cache
def _scanned_labels() -> frozenset[str]:
    """The words of the trade as a poor scan shows them: "Patlent:", "Te1:"."""
    return frozenset(word.translate(_ALIKE) for word in lists.clinical() | lists.abbreviations() if len(word) > 2)


def _opens_name(folded: str, tokens: Sequence[Token], at: int) -> bool:
    """A rare word with a capital before one that nobody knows: "Abbas Kadyrov"."""
    if (
        at + 1 >= len(tokens)
        or tokens[at].low in lists.frequent()
        or tokens[at].low in lists.clinical()
        or tokens[at].low in RELATIONS
    ):
        return False
    after = tokens[at + 1]
    return (
        folded[tokens[at].end : after.start] == " "
        and after.capital
        and not after.shouted
        and after.low not in lists.safe()
    )


def _harmless_form(low: str) -> bool:
    """A known word with an ending or a part before it that lists leave out."""
    if "'" in low:
        head, _, tail = low.partition("'")
        return head in lists.safe() and tail in {"s", "t", "d", "ll", "re", "ve", "m", "em", "er", "n"}
    if low not in lists.names() and any(
        low.endswith(end) and low.removesuffix(end) + stem in lists.safe() and len(low) > 5
        for end, stem in (
            ("s", ""),
            ("ed", ""),
            ("ed", "e"),
            ("ing", ""),
            ("ing", "e"),
            ("ly", ""),
            ("er", "e"),
            ("ies", "y"),
        )
    ):
        return True
    return len(low) > 6 and any(
        low.startswith(head) and len(low) - len(head) > 3 and low[len(head) :] in lists.safe()
        for head in ("non", "pre", "post", "anti", "over", "under", "neuro", "psycho", "hyper", "hypo", "inter", "intra", "multi", "poly", "self", "semi", "sub", "un", "re", "bio", "immuno", "cardio", "gastro", "micro", "co")
    )  # fmt: skip


def _shouted_safe(tokens: Sequence[Token], at: int, low: str) -> bool:
    if low in lists.abbreviations() or (low in lists.clinical() and low not in lists.both()):
        return True
    beside = [tokens[i] for i in (at - 1, at + 1) if 0 <= i < len(tokens)]
    loud = any(t.shouted and len(t.text) > 2 and t.low in lists.safe() and t.low not in lists.both() for t in beside)
    if low in lists.both():
        return False
    return low in lists.safe() and (loud or low in lists.clinical())


def _before_given(folded: str, tokens: Sequence[Token], at: int) -> bool:
    """Surname, Given: a word that is not frequent, and behind its comma a name with a capital."""
    if tokens[at].low in lists.frequent() or at + 1 == len(tokens):
        return False
    after = tokens[at + 1]
    named = after.low in lists.names() or after.low not in lists.safe()
    return folded[tokens[at].end : after.start] == ", " and after.capital and named


def _eponym(folded: str, tokens: Sequence[Token], at: int, token: Token) -> bool:
    """Crohn's disease, Beck Depression Inventory, Stevens-Johnson syndrome: nobody's name in this text."""
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
        if token.low not in lists.safe() or (token.low in lists.both() and token.low not in _FUNCTION):
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
        between, token = folded[tokens[on - 1].end : tokens[on].start], tokens[on]
        if between not in {" ", "-", ". ", ".", "'s ", "' ", " & ", "_"}:
            break
        if masks[on] or _belongs(folded, tokens, on, between):
            last = on
        elif not (between in {" ", " & ", ". "} and _between_names(folded, token)) or on - last > 2:
            break
    return last


def _belongs(folded: str, tokens: Sequence[Token], on: int, between: str) -> bool:
    """An institution's word, or an initial, after a name."""
    token = tokens[on]
    if not token.capital:
        if between == " " and len(token.text) == 1 and folded[token.end : token.end + 1] == ".":
            return not tokens[on - 1].capital and tokens[on - 1].low in lists.first_names()
        return (between == " " and _small_surname(tokens[on - 1], token)) or (
            between == "-" and tokens[on - 1].capital and len(token.text) < 6 and token.low not in lists.frequent()
        )
    if between in {".", "_"}:
        return False
    if token.low in INSTITUTIONS or (between == " " and _surname_of_a_disease(folded, tokens, on)):
        return True
    after = folded[token.end : token.end + 1]
    return between in {" ", "-"} and len(token.text) == 1 and after in _BEHIND_INITIAL and tokens[on - 1].capital


def _surname_of_a_disease(folded: str, tokens: Sequence[Token], on: int) -> bool:
    """Ottoline Graves is a person where no disease follows."""
    token, first = tokens[on], tokens[on - 1]
    return (
        token.low in lists.eponyms()
        and token.low in lists.names()
        and first.low in lists.names() | {"ms", "mr"}
        and not _eponym(folded, tokens, on, token)
    )


def _small_surname(first: Token, token: Token) -> bool:
    """Small letters throughout: "hyacinth brown" is a person, whatever brown is elsewhere."""
    low = token.low
    if first.capital or first.low not in lists.first_names() or low not in lists.both():
        return False
    return low not in _FUNCTION | _ACTS and low not in lists.clinical() and not low.endswith(("ed", "ing"))


def _between_names(folded: str, token: Token) -> bool:
    """Small words inside of a name, which count only when a name goes on behind them."""
    return token.low in _PARTICLES or (len(token.text) == 1 and folded[token.end : token.end + 1] == ".")


def _reach_back(folded: str, tokens: Sequence[Token], at: int) -> int:
    """Mt. Sinai, A. Barnes, MD Anderson: what belongs to a name and stands before it."""
    if not at:
        return at
    between, before = folded[tokens[at - 1].end : tokens[at].start], tokens[at - 1]
    if not before.capital:
        return at - 1 if between == ". " and len(before.text) == 1 and before.text.isalpha() and before.opens else at
    alone = len(before.text) == 1
    if alone and between == ". " and at > 1 and len(tokens[at - 2].text) == 1 and tokens[at - 2].capital:
        return at - 2
    if between in {". ", " ", "."} and (before.low in _SAINTS | _BEFORE_NAME or (alone and between != " ")):
        return at - 1
    if between == " " and before.shouted and len(before.text) < 4 and at > 1 and tokens[at - 2].low in _FROM:
        return at - 1
    return at - 1 if between == "'" and alone else at


def _kind(inside: Sequence[Token]) -> Kind:
    if any(t.capital and t.low in INSTITUTIONS for t in inside) or (len(inside) > 1 and inside[0].low in _SAINTS):
        return Kind.LOCATION
    if any(t.low in lists.names() for t in inside):
        return Kind.NAME
    return Kind.TERM
