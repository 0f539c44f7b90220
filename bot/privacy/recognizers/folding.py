"""Plain letters for every letter, one for one: what is found in the folded text stands at the same place in the original."""

import re
import unicodedata
from dataclasses import dataclass, replace
from typing import Final

_PLAIN: Final = {
    "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ø": "o", "Ø": "O", "ð": "d", "Ð": "D", "þ": "t", "Þ": "T", "ß": "s",
    "ı": "i", "æ": "a", "Æ": "A", "œ": "o", "Œ": "O", "’": "'", "‘": "'", "ʼ": "'", "′": "'", "`": "'", "´": "'",
    "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "–": "-", "—": "-", "‐": "-", "‑": "-", "‒": "-", "−": "-",
}  # fmt: skip
# Marks that ride on a letter (accents typed apart, invisible joiners): part of the word, not of its spelling.
RIDERS: Final = "\u0300-\u036f\u00ad\u200b-\u200f\u2060\ufe0f\ufeff"
_RIDER: Final = re.compile(f"[{RIDERS}]")
_WORD: Final = re.compile(f"(?:[^\\W_]|[{RIDERS}])+(?:'(?:[^\\W_]|[{RIDERS}])+)*")
_ENDS: Final = re.compile(r"[.!?:;\n\r\t\"*•|\]\[{}>]|- |(?:^|\s)\($")


class _Fold(dict[int, str]):
    """Fills itself, one character at a time."""

    def __missing__(self, code: int) -> str:
        self[code] = plain = _plain(chr(code))
        return plain


def _plain(char: str) -> str:
    if char in _PLAIN:
        return _PLAIN[char]
    digit = unicodedata.digit(char, None)
    if digit is not None:
        return str(digit)
    first = unicodedata.normalize("NFKD", char)[0]
    return _PLAIN.get(first, first)


_FOLD: Final = _Fold()


def fold(text: str) -> str:
    """As long as `text`, character for character: "Łukasz’s Café" becomes "Lukasz's Cafe"."""
    return text if text.isascii() else text.translate(_FOLD)


def spelled(word: str) -> str:
    """A word as lists know it: folded, lower case, without riding marks."""
    return _RIDER.sub("", fold(word)).lower()


@dataclass(frozen=True, slots=True)
class Token:
    """One word of the folded text. A possessive ending is not part of it. `opens`: it begins a sentence, line or label."""

    start: int
    end: int
    text: str
    low: str
    opens: bool
    owns: bool  # "Will's", "Hopes'"
    accented: bool = False  # not as it was written: an English word in the folded text need not be one

    @property
    def capital(self) -> bool:
        return self.text[:1].isupper()

    @property
    def shouted(self) -> bool:
        return len(self.text) > 1 and self.text.isupper()


def tokens(folded: str, text: str | None = None) -> tuple[Token, ...]:
    """The words of a folded text, in order. `text` is the original, where it is not the same."""
    plain = text is None or text.isascii()
    out: list[Token] = []
    last = 0
    for match in _WORD.finditer(folded):
        opens = not out or _opens(folded, last, match.start())
        token = _token(folded, match.start(), match.end(), opens=opens)
        out.append(token if plain or text is None else _as_written(token, text))
        last = match.end()
    return tuple(out)


def _as_written(token: Token, text: str) -> Token:
    original = text[token.start : token.end].replace("’", "'")
    return token if original.isascii() else replace(token, accented=token.text[0].isupper())


def _opens(folded: str, last: int, start: int) -> bool:
    between = folded[last:start]
    return between != " " and _ENDS.search(between) is not None and not _abbreviated(folded, last, between)


def _abbreviated(folded: str, last: int, between: str) -> bool:
    """A full stop behind a title or a single letter does not end the sentence."""
    if not between.startswith(". "):
        return False
    word = folded[max(0, last - 5) : last].rsplit(" ", 1)[-1].lower()
    return word in {"dr", "mr", "mrs", "ms", "st", "mt", "prof", "jr", "sr", "rev", "vs", "sra", "no"} or (
        len(word) == 1 and word.isalpha()
    )


def _token(folded: str, start: int, end: int, *, opens: bool) -> Token:
    text = folded[start:end]
    owns = text[-2:] in {"'s", "'S"}
    if owns:
        text, end = text[:-2], end - 2
    elif folded[end : end + 1] == "'" and text[-1:] in "sS":
        owns = True
    return Token(start, end, text, _RIDER.sub("", text).lower(), opens, owns)
