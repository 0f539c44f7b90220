"""Plain text from what EHRs attach to a note: HTML, XHTML, CDA narrative, RTF. Anything else is named, not dropped."""

import base64
import binascii
import re
from html.parser import HTMLParser

_LINE_TAGS = frozenset(
    {
        "p",
        "div",
        "br",
        "li",
        "tr",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "table",
        "ul",
        "ol",
        "pre",
        "hr",
        "dt",
        "dd",
        "caption",
    }
    | {"section", "article", "header", "footer", "blockquote", "thead", "tbody"}
    | {"paragraph", "item", "title", "text", "list"}  # CDA
)
_CELL_TAGS = frozenset({"td", "th"})
_SILENT_TAGS = frozenset({"script", "style", "head"})
_NARRATIVE = frozenset({"text", "title"})
_RTF_TOKEN = re.compile(r"\\([a-z]+)(-?\d+)? ?|\\'([0-9a-fA-F]{2})|\\([^a-z])|([{}])|([^\\{}\r\n]+)|[\r\n]+")
_RTF_SILENT = frozenset(
    {"fonttbl", "colortbl", "stylesheet", "info", "pict", "object", "header", "footer", "themedata"}
)
_RTF_BREAKS = {"par": "\n", "line": "\n", "row": "\n", "sect": "\n", "page": "\n", "tab": "\t", "cell": "\t"}
_RTF_SIGNS = {
    "emdash": "—",
    "endash": "–",
    "bullet": "•",
    "lquote": "‘",
    "rquote": "’",
    "ldblquote": "“",
    "rdblquote": "”",
}

PREFERRED = (
    "text/plain",
    "text/html",
    "application/xhtml+xml",
    "text/xml",
    "application/xml",
    "text/rtf",
    "application/rtf",
)


def media_type(content_type: str | None) -> str:
    return (content_type or "text/plain").split(";")[0].strip().lower()


def from_base64(data: str) -> bytes | None:
    try:
        return base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def plain_text(content: bytes, content_type: str | None) -> str:
    """The text of one attachment, line breaks kept. An unsupported type yields a sentence that says so."""
    media = media_type(content_type)
    text = _decoded(content, content_type)
    if media == "text/plain":
        return _tidy(text)
    if media in {"text/html", "application/xhtml+xml"}:
        return _tidy(_from_markup(text, only=None))
    if media in {"text/xml", "application/xml"} or media.endswith(("cda+xml", "sda+xml", "ccda+xml")):
        return _tidy(_from_markup(text, only=_NARRATIVE)) or unsupported(media)
    if media in {"text/rtf", "application/rtf"}:
        return _tidy(_from_rtf(text))
    return unsupported(media)


def unsupported(media: str) -> str:
    return f"(this note is stored as {media}; open it in the EHR)"


def _decoded(content: bytes, content_type: str | None) -> str:
    found = re.search(r"charset=\"?([\w-]+)", content_type or "", re.IGNORECASE)
    try:
        return content.decode(found[1] if found else "utf-8", errors="replace")
    except LookupError:
        return content.decode("utf-8", errors="replace")


def _tidy(text: str) -> str:
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Markup(HTMLParser):
    """Collects what a reader would see; with `only`, just inside those elements (CDA keeps its prose in `text`)."""

    def __init__(self, only: frozenset[str] | None) -> None:
        super().__init__(convert_charrefs=True)
        self._only = only
        self._inside = 0
        self._silent = 0
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in _SILENT_TAGS
        self._inside += self._only is not None and tag in self._only
        self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        self._break(tag)
        self._silent = max(0, self._silent - (tag in _SILENT_TAGS))
        self._inside = max(0, self._inside - (self._only is not None and tag in self._only))

    def handle_data(self, data: str) -> None:
        if not self._silent and (self._only is None or self._inside):
            self.parts.append(re.sub(r"\s+", " ", data))

    def _break(self, tag: str) -> None:
        if tag in _LINE_TAGS:
            self.parts.append("\n")
        elif tag in _CELL_TAGS:
            self.parts.append("\t")


def _from_markup(text: str, only: frozenset[str] | None) -> str:
    parser = _Markup(only)
    parser.feed(text)
    parser.close()
    return re.sub(r"\n\s*\n+", "\n", "".join(parser.parts)).replace("\n ", "\n").replace("\n\t", "\n")


def _from_rtf(text: str) -> str:
    """The prose of an RTF document. Groups that hold no prose (fonts, colours, pictures) are skipped."""
    parts: list[str] = []
    silent = [False]
    skip = 0
    for word, value, hexed, sign, brace, prose in _RTF_TOKEN.findall(text):
        if brace == "{":
            silent.append(silent[-1])
        elif brace == "}":
            silent = silent[:-1] or [False]
        elif word in _RTF_SILENT or sign == "*":
            silent[-1] = True
        elif silent[-1]:
            continue
        elif word == "u" and value:
            parts.append(chr(int(value) % 65536))
            skip = 1  # the substitute for readers that know no Unicode follows
        elif word:
            parts.append(_RTF_BREAKS.get(word) or _RTF_SIGNS.get(word, ""))
        elif hexed or sign or prose:
            piece = (
                bytes.fromhex(hexed).decode("cp1252", errors="replace") if hexed else {"~": " "}.get(sign, sign) + prose
            )
            parts.append(piece[skip:])
            skip = 0
    return "".join(parts).encode("utf-16", "surrogatepass").decode("utf-16", errors="replace")
