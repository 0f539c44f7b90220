"""The placeholders of one request and what they stand for: kept with us, sealed, and thrown away with the draft."""

import json
import re
from dataclasses import dataclass, field
from typing import Final

from bot.privacy.recognizers.spans import Kind

_KINDS: Final = "|".join(Kind)
# As issued, and as models bring it back: [name 3], [NAME-3], NAME_3, [NAME_3 (+12d)].
PLACEHOLDER: Final = re.compile(
    rf"\[\s*({_KINDS})[ _-]?(\d{{1,6}})(?:\s*\([^()\[\]]{{0,16}}\))?\s*\]|\b({_KINDS})_(\d{{1,6}})\b", re.IGNORECASE
)


class UnknownTag(Exception):
    """A text holds a placeholder that was never issued. `code` is the placeholder; no text comes with it."""

    def __init__(self, code: str) -> None:
        super().__init__("the text holds a placeholder that was never issued")
        self.code = code


@dataclass(slots=True)
class Tags:
    """Issued placeholders -> originals. Says how many, never what."""

    _originals: dict[str, str] = field(default_factory=dict, repr=False)
    _issued: dict[tuple[Kind, str], str] = field(default_factory=dict, repr=False)

    def __repr__(self) -> str:
        return f"Tags({len(self._originals)} issued)"

    def __len__(self) -> int:
        return len(self._originals)

    def issue(self, kind: Kind, original: str, *, who: str | None = None, full: str | None = None) -> str:
        """The placeholder for this identifier: the same one for the same person, or the same text.

        `full` is how a person of the record comes home when the texts write them in more than one way.
        """
        key = (kind, f"who:{who}" if who else f"text:{original}")
        if key not in self._issued:
            self._issued[key] = f"{kind}_{sum(each[0] is kind for each in self._issued) + 1}"
            self._originals[self._issued[key]] = original
        tag = self._issued[key]
        if full and self._originals[tag] != original:
            self._originals[tag] = full
        return tag

    def restore(self, text: str) -> str:
        """`text` with its originals. Tolerates case, blanks and hyphens; raises UnknownTag."""
        return PLACEHOLDER.sub(self._original, text)

    def unknown(self, text: str) -> tuple[str, ...]:
        """Placeholders in `text` that were never issued, in order."""
        return tuple(code for code in map(_code, PLACEHOLDER.finditer(text)) if code not in self._originals)

    def _original(self, match: re.Match[str]) -> str:
        code = _code(match)
        if code not in self._originals:
            raise UnknownTag(code)
        return self._originals[code]

    def originals(self, *kinds: Kind) -> tuple[str, ...]:
        """What was masked, of these kinds (of all, when none is named): for the check of outgoing bytes only."""
        return tuple(o for tag, o in self._originals.items() if not kinds or Kind(tag.rsplit("_", 1)[0]) in kinds)

    def to_json(self) -> str:
        """For sealed storage."""
        return json.dumps(self._originals, ensure_ascii=False)

    @classmethod
    def from_json(cls, stored: str) -> "Tags":
        """What `to_json` stored. It restores; it issues nothing new under old numbers."""
        originals: dict[str, str] = json.loads(stored)
        issued = {(Kind(tag.rsplit("_", 1)[0]), f"text:{original}"): tag for tag, original in originals.items()}
        return cls(originals, issued)


def _code(match: re.Match[str]) -> str:
    kind, number = (match[1], match[2]) if match[1] else (match[3], match[4])
    return f"{kind.upper()}_{int(number)}"
