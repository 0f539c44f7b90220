"""Does a text talk to software rather than to a colleague? Then no model is shown it, and the template's line stands.

Nothing is lost by a wrong yes (the line stays as the rules made it, with its source), so the rules in orders.txt are
wide. Nothing rests on a no: whoever gets past them meets marked data, a schema without room for orders, and the checks.
"""

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from bot.drafting.untrusted import cleaned

_HIDDEN = 2  # invisible characters that a text may have by accident
_LATIN_LETTERS = "a-zA-Z\u00aa-\u02af\u1e00-\u1eff"
_OTHER_SCRIPT = re.compile(rf"[^\W\d_{_LATIN_LETTERS}]")
_BACKWARDS = re.compile(r"\b(?:eht|taht|etirw|erongi|tneilc|uoy|dnes|lla|dna|eussi|tneitap|ton|ksir)\b", re.IGNORECASE)


def orders(text: str) -> bool:
    """Whether somebody tries to command, address or mislead software with these words, or hides something in them."""
    seen = cleaned(text)
    if len(text) - len(seen) > _HIDDEN or len(_BACKWARDS.findall(seen)) > 1:
        return True
    foreign = len(_OTHER_SCRIPT.findall(seen)) > 0.3 * len(seen)
    return foreign or any(rule.search(seen) for rule in _rules())


def origins(texts: Iterable[tuple[str, str]]) -> frozenset[str]:
    """Of (record, text): the records that hold an order. What stands beside one is not shown to a model either."""
    return frozenset(record for record, text in texts if orders(text))


@cache
def _rules() -> tuple[re.Pattern[str], ...]:
    lines = files("bot.drafting").joinpath("orders.txt").read_text(encoding="utf-8").splitlines()
    names = dict(line.split(" = ", 1) for line in lines if re.match(r"[A-Z_]+ = ", line))
    rules = [line for line in lines if line and not line.startswith("#") and line.split(" = ", 1)[0] not in names]
    return tuple(re.compile(_filled(rule, names), re.IGNORECASE | re.MULTILINE) for rule in rules)


def _filled(rule: str, names: dict[str, str]) -> str:
    for name, words in names.items():
        rule = rule.replace(f"{{{name}}}", words)
    return rule
