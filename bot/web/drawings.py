"""The small markup languages of Slack and Teams as safe HTML, for showing a card as those platforms draw it.

Everything is escaped first; the few marks both platforms know become elements. Links are shown, never followed.
"""

import re
from collections.abc import Mapping

from markupsafe import Markup, escape

_CODE = re.compile(r"```(.+?)```|`([^`\n]+)`", re.DOTALL)
_SLACK_MARKS = (
    (re.compile(r"(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])"), r"<strong>\1</strong>"),
    (re.compile(r"(?<!\w)_(?=\S)([^_\n]+?)(?<=\S)_(?!\w)"), r"<em>\1</em>"),
    (re.compile(r"(?<![\w~])~(?=\S)([^~\n]+?)(?<=\S)~(?![\w~])"), r"<s>\1</s>"),
)
_SLACK_REFERENCE = re.compile(r"&lt;(.+?)&gt;")
_SLACK_MENTION = re.compile(r"[@#!]")

_TEAMS_MARKS = (
    (re.compile(r"\[([^\]\n]+)\]\(([^)\s]+)\)"), r'<span class="link" title="\2">\1</span>'),
    (re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*"), r"<strong>\1</strong>"),
    (re.compile(r"(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])"), r"<em>\1</em>"),
    (re.compile(r"(?<!\w)_(?=\S)([^_\n]+?)(?<=\S)_(?!\w)"), r"<em>\1</em>"),
)
_TEAMS_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+\-.!~|<>&])")
_HELD = re.compile("\ue000([0-9]+)\ue001")
_OURS = str.maketrans("", "", "\ue000\ue001\ue002\ue003")  # stand-ins used below: never taken from a text


def slack_text(given: Mapping[str, object] | str) -> Markup:
    """A Block Kit text object, or mrkdwn itself, as Slack shows it."""
    if isinstance(given, str):
        return _mrkdwn(given)
    text = str(given.get("text", ""))
    return _mrkdwn(text) if given.get("type") == "mrkdwn" else _lines(str(escape(text)))


def _mrkdwn(text: str) -> Markup:
    """Slack's own escapes (&amp; &lt; &gt;) are what the text arrives with; a bare bracket opens a reference."""
    plain = text.translate(_OURS).replace("&lt;", "\ue002").replace("&gt;", "\ue003").replace("&amp;", "&")
    held: list[str] = []
    marked = _CODE.sub(lambda found: _hold(held, f"<code>{found[1] or found[2]}</code>"), str(escape(plain)))
    marked = _SLACK_REFERENCE.sub(lambda found: _hold(held, _reference(found[1])), marked)
    for mark, element in _SLACK_MARKS:
        marked = mark.sub(element, marked)
    return _lines(_released(marked, held).replace("\ue002", "&lt;").replace("\ue003", "&gt;"))


def _reference(inner: str) -> str:
    """`<@U1>` and `<!channel>` would notify people; `<address|label>` is a link."""
    target, _, label = inner.partition("|")
    if target.startswith("!date^"):
        return label
    if _SLACK_MENTION.match(target):
        return f'<span class="mention">{label or target.replace("!", "@")}</span>'
    return f'<span class="link" title="{target}">{label or target}</span>'


def teams_text(text: object) -> Markup:
    """The Markdown subset of a TextBlock as Teams shows it; a backslash takes a mark's meaning away."""
    held: list[str] = []
    kept = _TEAMS_ESCAPED.sub(lambda found: _hold(held, str(escape(found[1]))), str(text).translate(_OURS))
    marked = str(escape(kept))
    for mark, element in _TEAMS_MARKS:
        marked = mark.sub(element, marked)
    return _lines(_released(marked, held))


def _hold(held: list[str], html: str) -> str:
    held.append(html)
    return f"\ue000{len(held) - 1}\ue001"


def _released(text: str, held: list[str]) -> str:
    while _HELD.search(text):
        text = _HELD.sub(lambda found: held[int(found[1])], text)
    return text


def _lines(html: str) -> Markup:
    return Markup(html.replace("\n", "<br>"))  # noqa: S704  every text above was escaped before marks became elements
