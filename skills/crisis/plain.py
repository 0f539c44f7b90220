"""A text as the rules read it: lower case, straight quotes, no accents, cut into sentences and clauses.

Every step keeps each character in its place, so a span found here is a span of the text as it was written.
"""

import re
from collections.abc import Iterator

_STRAIGHT = str.maketrans(
    "‘’‚‛“”„‟«»′″´`‐‑‒–—―−\u00a0\u2007\u202f\táàâäãéèêëíìîïóòôöõúùûüñç",
    "''''\"\"\"\"\"\"'\"''-------    aaaaaeeeeiiiiooooouuuunc",
)
_SHORT = (
    r"(?<!\bdr)(?<!\bmr)(?<!\bms)(?<!\bmrs)(?<!\bpt)(?<!\bpts)(?<!\bhx)(?<!\btx)(?<!\bdx)(?<!\bvs)(?<!\bst)(?<!\bjr)"
    r"(?<!\bsr)(?<!\bapprox)(?<!\bappt)(?<!\bwk)(?<!\bwks)(?<!\byr)(?<!\byrs)(?<!\be\.g)(?<!\bi\.e)(?<!\bs\.i)"
)
_ANSWER = r"(?!['\"(\[ ]*(?:no|none|denied|denies|yes|yeah|n|y|never|nope|negative|0|1|2|3)\b)"
_SENTENCE_END = re.compile(
    rf"{_SHORT}\.+['\")\]]*(?=\s)|!+['\")\]]*(?=\s)|\?+['\")\]]*(?=\s){_ANSWER}|\||•|\n\s*\n|\n(?=\s*(?:[-*•#>\[]|\d{{1,2}}[.)]\s))"
)
_LINE = re.compile(r"\n")
_WRAPPED_LINE_LENGTH = 50
_LONGEST = 300  # a page without a full stop is cut at a blank: rules never look further than this
_SUBJECT = r"(?:he|she|they|pt|patient|client|i|i'm|i've|then|now|later|currently|today|also|ella|el)\b"
_PREDICATE = (
    r"(?:last|most recent|states?|stated|says|said|reports|reported|endorses|endorsed|admits|admitted|acknowledge[sd]"
    r"|discloses?|disclosed|expresse[sd]|has|had|is|was|wants|wanted|feels|continues|remains|wrote|bought|texted|took|cut"
    r"|gave|tried|overdosed|thinks|threatened|planning|plans(?! (?:or|and|nor)\b))\b"
)
_CLAUSE_END = re.compile(
    rf";|\b(?:but|however|although|though|yet|except|whereas|then|pero|aunque)\b|\s--?\s(?!(?:den|no|neg|abs)\w*)"
    rf"|,\s*(?:and\s+|or\s+)?(?={_SUBJECT}|{_PREDICATE})|\band\s+(?={_SUBJECT}|{_PREDICATE})"
)


def plain(text: str) -> str:
    """As long as `text`, character for character."""
    straight = text.translate(_STRAIGHT)
    lower = straight.lower()
    if len(lower) != len(text):
        lower = "".join(each.lower() if len(each.lower()) == 1 else each for each in straight)
    return lower.translate(_STRAIGHT)


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """Where each sentence of a plain text begins and ends; a line that was only wrapped goes on."""
    begin = 0
    for end in _ends(text):
        yield from _short(text, begin, end)
        begin = end
    yield from _short(text, begin, len(text))


def clauses(sentence: str) -> Iterator[tuple[int, int]]:
    """Where each clause begins and ends; what joins two clauses opens the second."""
    begin = 0
    for joint in _CLAUSE_END.finditer(sentence):
        if joint.start() > begin:
            yield begin, joint.start()
            begin = joint.start()
    yield begin, len(sentence)


def _ends(text: str) -> list[int]:
    ends = {stop.end() for stop in _SENTENCE_END.finditer(text)}
    ends.update(line.end() for line in _LINE.finditer(text) if not _goes_on(text, line.start()))
    return sorted(ends)


def _goes_on(text: str, newline: int) -> bool:
    """A long line without a full stop was wrapped; a line that ends in a colon waits for its answer."""
    line = text[text.rfind("\n", 0, newline) + 1 : newline].rstrip()
    return line.endswith(":") or (len(line) >= _WRAPPED_LINE_LENGTH and not line.endswith((".", "!", "?", ";")))


def _short(text: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
    while end - begin > _LONGEST:
        cut = text.rfind(" ", begin + _LONGEST // 2, begin + _LONGEST) + 1 or begin + _LONGEST
        yield begin, cut
        begin = cut
    if end > begin:
        yield begin, end
