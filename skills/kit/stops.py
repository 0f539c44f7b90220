"""Whether a sentence says that a medication was stopped: "discontinued sertraline", "sertraline was stopped"."""

import re

_STOPPED_IT = (
    r"(?<!not )(?<!n't )(?<!never )(?<!without )"
    r"(?<!can )(?<!could )(?<!may )(?<!might )(?<!would )(?<!should )(?<!wants to )"
    r"(?<!want to )(?<!like to )(?<!hopes to )"
    r"\b(?:stop(?:ped)?|discontinued?|no longer (?:on|taking|takes)|not taking|quit|off|ran out of|d/c(?:'?d)?)\s+"
    r"(?:(?:of|taking|the|her|his|their|my)\s+){0,2}"
)
_WAS_STOPPED = (
    r"\s+(?:\d[\d.]*\s*(?:mg|mcg|g)\s+)?(?:(?:was|is|has been|had been|now|recently)\s+){0,2}"
    r"(?:stopped|discontinued|d/c'?d)\b"
)


def says_stopped(sentence: str, medication: str) -> bool:
    """By the first word of the medication's name: lists carry strength and form behind it."""
    name = "".join(medication.split()[:1])
    if not name:
        return False
    pattern = rf"{_STOPPED_IT}{re.escape(name)}\b|(?<!not )\b{re.escape(name)}{_WAS_STOPPED}"
    return bool(re.search(pattern, sentence, re.IGNORECASE))
