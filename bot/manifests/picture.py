"""Draws the two icons of the Teams app: a baton, handed from one end to the other. Plain PNG, stored without tricks."""

import struct
import zlib
from collections.abc import Callable
from math import hypot
from typing import Final

COLOR_SIZE: Final = 192
OUTLINE_SIZE: Final = 32
GROUND: Final = (0x1F, 0x4E, 0x5F, 255)
WHITE: Final = (255, 255, 255, 255)
NEAR, FAR = (0.30, 0.70), (0.70, 0.30)  # the ends of the baton, as parts of the side
HALF_THICK: Final = 0.09
GRIP: Final = 0.16  # how far a hand reaches along it, and is seen as another shade
SHADE: Final = (0xF2, 0xB1, 0x34, 255)

type Pixel = tuple[int, int, int, int]


def color() -> bytes:
    """192 x 192, on its own ground."""
    return _png(COLOR_SIZE, _colored)


def outline() -> bytes:
    """32 x 32, white on nothing."""
    return _png(OUTLINE_SIZE, lambda x, y: WHITE if _distance(x, y)[0] <= HALF_THICK + 0.03 else (255, 255, 255, 0))


def _colored(x: float, y: float) -> Pixel:
    off, along = _distance(x, y)
    if off > HALF_THICK:
        return GROUND
    return SHADE if along < GRIP or along > 1 - GRIP else WHITE


def _distance(x: float, y: float) -> tuple[float, float]:
    """From the baton's middle line, and how far along it the nearest point lies, from 0 to 1."""
    across, down = FAR[0] - NEAR[0], FAR[1] - NEAR[1]
    along = ((x - NEAR[0]) * across + (y - NEAR[1]) * down) / (across**2 + down**2)
    near = min(1.0, max(0.0, along))
    return hypot(x - NEAR[0] - near * across, y - NEAR[1] - near * down), near


def _png(size: int, pixel: Callable[[float, float], Pixel]) -> bytes:
    places = [(at + 0.5) / size for at in range(size)]
    rows = b"".join(b"\0" + b"".join(bytes(pixel(x, y)) for x in places) for y in places)
    head = struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)  # eight bits each of red, green, blue and alpha
    parts = _chunk(b"IHDR", head), _chunk(b"IDAT", zlib.compress(rows, 9)), _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
