"""The word lists, each read once and only when it is first asked for. Where they come from: words/LICENCES.md."""

import gzip
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

_FOLDER: Final = files("bot.privacy") / "words"


@cache
def english() -> frozenset[str]:
    """Common words. A name is among them only where it is a common word too ("will", "hope")."""
    return _packed("english")


@cache
def frequent() -> frozenset[str]:
    """The words that make up most of any text."""
    return frozenset(_lines("english")[:6000])


@cache
def believers() -> frozenset[str]:
    """Nations and beliefs: they stand with a capital and name nobody."""
    return _plain("capitals")


@cache
def names() -> frozenset[str]:
    """First names and frequent surnames."""
    return first_names() | _packed("surnames")


@cache
def first_names() -> frozenset[str]:
    """With names that dictionaries list as words."""
    return _packed("first_names") | _plain("also_names")


@cache
def drugs() -> frozenset[str]:
    return _packed("drugs")


@cache
def clinical() -> frozenset[str]:
    """What may stand with a capital in the middle of a sentence: the words of the trade, and names of drugs."""
    return (_plain("clinical") | _plain("capitals") | _packed("medical") | drugs()) - _only_names()


@cache
def abbreviations() -> frozenset[str]:
    """Of the trade, in small letters: what may stand in capitals."""
    return _plain("abbreviations")


@cache
def safe() -> frozenset[str]:
    """Every word that says nothing about who somebody is."""
    return english() | clinical() | abbreviations() | _plain("elsewhere")


@cache
def both() -> frozenset[str]:
    """Words that are names as well: the words around them decide."""
    return english() & names()


@cache
def eponyms() -> frozenset[str]:
    """Names inside the names of diseases and signs."""
    return _packed("eponyms")


@cache
def places() -> Mapping[str, int]:
    """Cities, counties, states, countries -> 1; the beginning of a longer one -> 0."""
    whole = dict.fromkeys(_lines("places"), 1)
    for name in tuple(whole):
        words = name.split(" ")
        for length in range(1, len(words)):
            whole.setdefault(" ".join(words[:length]), 0)
    return whole


@cache
def nicknames() -> Mapping[str, frozenset[str]]:
    """A name -> the names that the same person may go by, both ways."""
    found: dict[str, set[str]] = {}
    for line in _lines("nicknames"):
        one, other = line.split(" ")
        found.setdefault(one, set()).add(other)
        found.setdefault(other, set()).add(one)
    return {name: frozenset(others) for name, others in found.items()}


def _only_names() -> frozenset[str]:
    return first_names() - english() - _plain("clinical")


def _packed(name: str) -> frozenset[str]:
    return frozenset(_lines(name))


def _lines(name: str) -> list[str]:
    return gzip.decompress((_FOLDER / f"{name}.txt.gz").read_bytes()).decode().split("\n")


def _plain(name: str) -> frozenset[str]:
    return frozenset((_FOLDER / f"{name}.txt").read_text(encoding="utf-8").split())
