"""What only one person in town can be: "the only male doula in Westchester", "a former state chess champion".

Nothing here names anybody, and together with a town it names somebody all the same (45 CFR 164.514(b)(2)(i)(R)). The
rules catch the plain forms; a person's own story, told in everyday words, gets past every rule.
"""

import re
from collections.abc import Iterator
from typing import Final

from bot.privacy.recognizers.spans import CONTEXT, Found, Kind

_PLACE: Final = r"(?:the\s+)?(?:[A-Z][\w'.-]+(?:\s+[A-Z][\w'.-]+)*|county|town|city|state|village|area|district|parish|valley|tribe|school|company|world|country)\b"
_OFFICE: Final = (
    r"(?:mayor|senator|governor|congress(?:man|woman)|representative|assembly(?:man|woman)|sheriff|police chief|fire chief|superintendent|ambassador"
    r"|(?:news|tv|radio|television)\s+(?:anchor|host|reporter)|quarterback|olympian|olympic \w+|astronaut|poet laureate|bishop)\b"
)
_HONOUR: Final = r"(?:champions?|record[- ]holder|medal(?:l)?ist|title[- ]holder|finalist|pageant winner|lottery winner|queen|laureate)\b"
_SHAPES: Final = (
    re.compile(rf"\b[Tt]he\s+(?:only|sole|youngest|oldest|first(?=\s+(?:fe)?male|\s+woman|\s+man|\s+black|\s+openly|\s+person))\s+(?:[\w'-]+\s+){{1,6}}?(?:in|of|at|from|on)\s+{_PLACE}"),
    re.compile(rf"\b(?:state|national|world|regional|county|city|olympic|collegiate|golden gloves)\s+(?:[\w-]+\s+){{0,3}}?{_HONOUR}", re.IGNORECASE),
    re.compile(rf"\b(?:former|retired|ex|current|sitting|the|deputy)[\s-]+(?:(?:city|county|state|local|town|village|u\.?s\.?)\s+)?{_OFFICE}(?:\s+(?:of|in|for)\s+{_PLACE})?", re.IGNORECASE),
)  # fmt: skip


def singular(folded: str) -> Iterator[Found]:
    """Roles that one person holds."""
    for shape in _SHAPES:
        yield from (Found(m.start(), m.end(), Kind.TERM, CONTEXT) for m in shape.finditer(folded))
