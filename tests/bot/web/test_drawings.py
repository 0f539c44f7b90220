"""The imitations of Slack and Teams show marks as those platforms do, and nothing else ever becomes an element."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.render import message
from bot.teams.render import card_view
from bot.web.drawings import slack_text, teams_text
from bot.web.render import Pages, Spot
from tests.fakes.console import NOW
from tests.fakes.views import CARD_VIEW

PAGES = Pages(NOW.tzinfo, {"slack": message, "teams": card_view})  # type: ignore[arg-type]  # NOW carries its zone


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        ("*bold* _it_ ~gone~ `code`", "<strong>bold</strong> <em>it</em> <s>gone</s> <code>code</code>"),
        ("a &amp; b &lt;c&gt;", "a &amp; b &lt;c&gt;"),
        ("&lt;!channel&gt;", "&lt;!channel&gt;"),
        ("<!channel>", '<span class="mention">@channel</span>'),
        ("<@U1>", '<span class="mention">@U1</span>'),
        ("<https://a.example|here>", '<span class="link" title="https://a.example">here</span>'),
        ("<!date^1^{date}|20 Nov>", "20 Nov"),
        ("`*not bold*`", "<code>*not bold*</code>"),
        ("snake_case_name 2*3*4", "snake_case_name 2*3*4"),
        ("<b>x</b>", '<span class="link" title="b">b</span>x<span class="link" title="/b">/b</span>'),
        ("one\ntwo", "one<br>two"),
    ],
)
def test_mrkdwn_is_shown_as_slack_shows_it(sent: str, seen: str) -> None:
    assert slack_text(sent) == seen


def test_plain_text_of_slack_has_no_marks() -> None:
    assert slack_text({"type": "plain_text", "text": "*a* <b>"}) == "*a* &lt;b&gt;"


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        ("**bold** _it_", "<strong>bold</strong> <em>it</em>"),
        (r"\*\*not bold\*\* \_no\_", "**not bold** _no_"),
        (r"\<b\>", "&lt;b&gt;"),
        ("<b>x</b>", "&lt;b&gt;x&lt;/b&gt;"),
        ("[x](https://a.example)", '<span class="link" title="https://a.example">x</span>'),
        (r"\[x\]\(https://a.example\)", "[x](https://a.example)"),
        ('[x](https://a"onload=1)', '<span class="link" title="https://a&#34;onload=1">x</span>'),
    ],
)
def test_markdown_is_shown_as_teams_shows_it(sent: str, seen: str) -> None:
    assert teams_text(sent) == seen


ALLOWED = re.compile(
    r"</?(strong|em|s|code)>|<br>|</span>|<span class=\"(mention|link)\"( title=\"[^\"<>]*\")?>", re.ASCII
)


@given(st.text(alphabet=st.sampled_from("ab<>&\"'*_~`[]()|!@\\\n\ue000\ue0010;#:/="), max_size=40))
def test_nothing_but_the_known_marks_becomes_an_element(text: str) -> None:
    for drawn in (slack_text(text), teams_text(text)):
        left = ALLOWED.sub("", drawn)
        assert "<" not in left
        assert ">" not in left


def test_a_text_cannot_forge_our_own_stand_ins() -> None:
    forged = "`\ue0000\ue001` \\* \ue0009\ue001 \ue002b\ue003"
    assert slack_text(forged) == "<code>0</code> \\* 9 b"
    assert teams_text(forged) == "`0` * 9 b"


@pytest.mark.parametrize("way", ["slack", "teams"])
def test_what_the_adapters_send_is_drawn_with_every_text_and_working_buttons(way: str) -> None:
    drawn = PAGES.view(CARD_VIEW, Spot("token", "harbor", way, "m1"))
    card = drawn.split('<details class="json">')[0]
    for words in (
        "Handoff C-102",
        "One section could not be read",
        "Harbor team",
        "Waiting for a decision until 16:30",
    ):
        assert words in card
    for button in CARD_VIEW.buttons:
        assert f'name="action" value="{button.action}"' in card
    assert "inert" not in card
    assert not re.search(r"<p class=\"quiet\">\[[\w.]+\]</p>", card), "a kind of block that has no drawing"


def test_a_kind_of_block_without_a_drawing_is_named_not_dropped() -> None:
    pages = Pages(NOW.tzinfo, {"slack": lambda _: {"blocks": [{"type": "video"}]}})  # type: ignore[arg-type]  # as above
    assert "[video]" in pages.view(CARD_VIEW, Spot("token", "harbor", "slack", "m1"))


def test_the_json_shown_is_the_json_sent() -> None:
    drawn = str(PAGES.view(CARD_VIEW, Spot("token", "harbor", "teams", "m1")))
    shown = re.search(r'<pre tabindex="0">(.*?)</pre>', drawn, re.DOTALL)
    assert shown
    text = shown[1].replace("&#34;", '"').replace("&#39;", "'").replace("&lt;", "<").replace("&gt;", ">")
    assert json.loads(text.replace("&amp;", "&")) == card_view(CARD_VIEW)
