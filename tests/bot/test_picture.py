"""A team's counts as a picture: small, and everywhere beside the same counts in words."""

import base64
import io
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from PIL import Image

from bot import picture
from bot.chat import CardView, Status
from bot.referral.picturing import blocks
from bot.slack import render as slack_render
from bot.teams import render as teams_render
from bot.web.as_json import from_json, to_json
from bot.web.gate import HEADERS
from skills.kit import Card, Picture, Tone
from skills.kit.business_days import Calendar
from skills.referral import Figures, figures
from tests.bot.referral.test_room import text

LARGEST_ON_TEAMS = 28 * 1024


def counted() -> Figures:
    return figures([], Calendar("PA", ZoneInfo("America/New_York")), datetime(2026, 11, 23, 19, tzinfo=UTC))


def card() -> CardView:
    return CardView(Card("Baton", blocks(counted()), ()), Status(Tone.INFO, "now"))


def test_it_is_a_png_in_which_the_longest_bar_is_the_greatest_count() -> None:
    made = picture.bars("Team", (("Where", (("sent", 4), ("kept", 1))),))
    image = Image.open(io.BytesIO(base64.b64decode(made))).convert("RGB")
    blue = (31, 95, 168)
    seen = [[image.getpixel((x, y)) == blue for x in range(image.width)] for y in (8 + 24 * 2 + 9, 8 + 24 * 3 + 9)]
    longer, shorter = (sum(row) for row in seen)
    assert longer > 3 * shorter > 0


def test_each_platform_says_the_same_in_words() -> None:
    drawn = card()
    slack, teams = str(slack_render.message(drawn)), teams_render.card_view(drawn)
    images = [one for one in teams["body"] if one["type"] == "Image"]
    assert [one["url"].startswith("data:image/png;base64,") for one in images] == [True]
    assert images[0]["altText"]
    assert "Closed loop" in slack
    assert "Closed loop" in str(teams)
    assert "Closed loop: 0 of 0" in text(drawn)
    assert "base64" not in slack


def test_a_full_one_fits_into_a_message() -> None:
    counts = [(f"a step with a name {n}", n) for n in range(12)]
    assert len(picture.bars("Team", (("Where", counts), ("Waiting", counts[:6])))) < LARGEST_ON_TEAMS / 2


def test_the_console_keeps_it_and_its_pages_may_show_it_and_nothing_from_outside() -> None:
    drawn = card()
    assert from_json(to_json(drawn)) == drawn
    assert any(isinstance(block, Picture) for block in drawn.card.summary)
    assert "img-src 'self' data:;" in HEADERS["Content-Security-Policy"]
