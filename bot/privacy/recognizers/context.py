"""Words that announce a person: titles before, credentials after, relations and labels beside the name."""

from collections.abc import Iterator, Sequence
from typing import Final

from bot.privacy.recognizers import lists
from bot.privacy.recognizers.folding import Token
from bot.privacy.recognizers.spans import CONTEXT, Found, Kind

TITLES: Final = frozenset(
    "dr doctor mr mrs ms miss mx prof professor rev reverend fr sister judge officer detective sgt sergeant lt capt captain"
    " nurse sra sr srta senora senor don dona frau herr mme mlle monsieur madame dra rabbi imam pastor father hon attorney atty".split()
)
RELATIONS: Final = frozenset(
    "mother father mom dad mum mama papa parent stepmother stepfather stepmom stepdad sister brother stepsister stepbrother"
    " son daughter stepson stepdaughter wife husband spouse partner fiance fiancee boyfriend girlfriend bf gf ex roommate friend"
    " aunt uncle cousin niece nephew grandmother grandfather grandma grandpa granny nana grandson granddaughter guardian"
    " neighbor neighbour landlord landlady boss coworker supervisor teacher counselor therapist psychiatrist psychologist"
    " caseworker sponsor peer classmate caregiver godmother godfather kid baby twin sibling child mil fil sil bil"
    " hija hijo madre padre hermana hermano esposa esposo abuela abuelo tia tio prima primo novia novio".split()
)
_CALLED: Final = frozenset("named called nicknamed alias aka nee".split())
_LABELS: Final = frozenset(
    "client patient pt name names signed provider clinician therapist author counselor attending prescriber psychiatrist member"
    " guardian contact witness cosigned supervisor by cc from to re attn dear patlent subject caller resident consumer".split()
)
_CREDENTIALS: Final = frozenset(
    "md do phd psyd lcsw lmsw lmhc lpc lmft lcpc licsw rn np aprn pmhnp pa bcba dds jd esq ma msw casac cadc lac mft ot otr pharmd dnp fnp".split()
)
_NOT_A_NAME: Final = frozenset(
    "i the a an he she they we it his her their this that and or but if no not yes in on at of for to from with by is was are were"
    " will may can could would should has had have does did denies reports states said who what when where why how please".split()
)


def announced(folded: str, tokens: Sequence[Token]) -> Iterator[Found]:
    """Names told by the words around them, even where the name is an everyday word."""
    for at, token in enumerate(tokens[:-1]):
        if token.low in TITLES and _beside(folded, tokens, at) and (_titled(token) or tokens[at + 1].capital):
            yield from _from(
                folded,
                tokens,
                at + 1,
                since=token.start if token.capital or _titled(token) else None,
                loose=_titled(token),
            )
        elif token.low in RELATIONS and _gap(folded, tokens, at) in {" ", ", ", " (", ": "}:
            yield from _from(folded, tokens, at + 1)
        elif (token.low in _CALLED and _gap(folded, tokens, at) in {" ", ' "', " '", ": "}) or (
            token.low in _LABELS and _gap(folded, tokens, at).strip() == ":"
        ):
            yield from _from(folded, tokens, at + 1, loose=True)
        elif token.low == "name" and tokens[at + 1].low == "is" and at + 2 < len(tokens):
            yield from _from(folded, tokens, at + 2, loose=True)
    yield from _credentialed(folded, tokens)


def _titled(token: Token) -> bool:
    return token.low in {"dr", "mr", "mrs", "ms", "mx", "sra", "srta"}


def _gap(folded: str, tokens: Sequence[Token], at: int) -> str:
    return folded[tokens[at].end : tokens[at + 1].start]


def _beside(folded: str, tokens: Sequence[Token], at: int) -> bool:
    return not tokens[at].owns and _gap(folded, tokens, at) in {" ", ". ", "."}


def _from(
    folded: str, tokens: Sequence[Token], at: int, *, since: int | None = None, loose: bool = False
) -> Iterator[Found]:
    """The name that begins here: capitals, or any name of the list; `loose` also takes small letters."""
    end = at
    while end < len(tokens) and end - at < 4 and _nameish(tokens[end], loose=loose, first=end == at):
        if end > at and _gap(folded, tokens, end - 1) not in {" ", ". ", ".", "-", ", "}:
            break
        if end > at and _gap(folded, tokens, end - 1) == ", " and tokens[end].low not in lists.names():
            break
        end += 1
        if tokens[end - 1].owns:
            break
    if end > at and (len(tokens[at].low) > 1 or end - at > 1 or since is not None):
        yield Found(tokens[at].start if since is None else since, tokens[end - 1].end, Kind.NAME, CONTEXT)


def _nameish(token: Token, *, loose: bool, first: bool) -> bool:
    low = token.low
    if len(low) == 1:
        return token.capital
    if low in _NOT_A_NAME and not (token.capital and not token.opens and low in lists.first_names()):
        return False
    if token.text[0].isdigit() or (low in lists.abbreviations() and (token.shouted or low not in lists.names())):
        return False
    if token.capital:
        return (not first and not token.shouted) or (
            (low in lists.names() and low not in RELATIONS)
            or low not in lists.safe()
            or (low in lists.both() and first)
        )
    return (low in lists.first_names() and low not in lists.english()) or (loose and low not in lists.safe())


def _credentialed(folded: str, tokens: Sequence[Token]) -> Iterator[Found]:
    """Brandon Nolan, LCSW: two or three capitals before a credential."""
    for at, token in enumerate(tokens):
        if (
            not (token.shouted or token.text in {"PhD", "PsyD", "PharmD", "Esq"})
            or token.low not in _CREDENTIALS
            or at == 0
        ):
            continue
        if _gap(folded, tokens, at - 1) not in {", ", " (", " ", ","}:
            continue
        first = at
        while first and at - first < 4 and _before(folded, tokens, first, at):
            first -= 1
        if first < at:
            yield Found(tokens[first].start, tokens[at - 1].end, Kind.NAME, CONTEXT)


def _before(folded: str, tokens: Sequence[Token], first: int, at: int) -> bool:
    token = tokens[first - 1]
    if first < at and _gap(folded, tokens, first - 1) not in {" ", ". ", ".", "-"}:
        return False
    return (
        token.capital
        and not token.shouted
        and (token.low in lists.names() or token.low not in lists.safe() or len(token.low) == 1)
    )
