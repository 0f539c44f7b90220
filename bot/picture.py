"""Counts as a picture: bars with their words, drawn by Pillow, which is imported here alone and only when needed.

A PNG of sixteen grays and one blue, small enough for a message. Who cannot see it has the same counts as a table.
"""

import base64
import io
from collections.abc import Sequence
from typing import Final

WIDTH: Final = 560
LINE: Final = 24
LEFT: Final = 190
PALETTE: Final = 16


def bars(title: str, groups: Sequence[tuple[str, Sequence[tuple[str, int]]]]) -> str:
    """The PNG, in base64. Each group is a heading with its named counts."""
    from PIL import Image, ImageDraw, ImageFont  # noqa: PLC0415 - a start without pictures is quicker

    rows = sum(len(counts) + 1 for _, counts in groups) + 1
    image = Image.new("RGB", (WIDTH, rows * LINE + 16), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size=14)
    most = max((n for _, counts in groups for _, n in counts), default=0) or 1
    draw.text((8, 8), title, fill="#111111", font=ImageFont.load_default(size=16))
    y = 8 + LINE
    for heading, counts in groups:
        draw.text((8, y), heading, fill="#444444", font=font)
        y += LINE
        for name, n in counts:
            draw.text((20, y), name, fill="#111111", font=font)
            end = LEFT + round(n / most * (WIDTH - LEFT - 50))
            draw.rectangle((LEFT, y + 3, max(end, LEFT + 1), y + LINE - 6), fill="#1f5fa8")
            draw.text((max(end, LEFT + 1) + 8, y), str(n), fill="#111111", font=font)
            y += LINE
    out = io.BytesIO()
    image.quantize(PALETTE).save(out, "PNG", optimize=True)
    return base64.b64encode(out.getvalue()).decode()
