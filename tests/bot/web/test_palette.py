"""Each pair of colours that text and controls use reaches WCAG 2.2 AA, in light and in dark, by computation."""

import re
from importlib import resources

import pytest

CSS = resources.files("bot.web").joinpath("static", "console.css").read_text("utf-8")
LIGHT, DARK = (
    dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block)) for block in re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)
)
TEXT = [
    *((ink, ground) for ink in ("ink", "quiet", "accent") for ground in ("ground", "surface", "sunken")),
    *((f"{tone}-ink", f"{tone}-wash") for tone in ("info", "warning", "stop", "done")),
    *((ink, "accent-wash") for ink in ("ink", "quiet", "accent")),
    *(("ink", f"{tone}-wash") for tone in ("info", "warning", "stop", "done")),
    ("on-accent", "accent"),
    ("danger", "surface"),
    ("danger", "sunken"),
    ("warning-ink", "surface"),
    ("warning-ink", "ground"),
    ("stop-ink", "surface"),
    ("stop-ink", "ground"),
    ("done-ink", "surface"),
]
CONTROLS = [(edge, ground) for edge in ("edge", "focus") for ground in ("ground", "surface")]


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_the_measure_itself() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_dark_names_every_colour_that_light_does() -> None:
    assert len(LIGHT) > 15
    assert set(DARK) == set(LIGHT)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT)
def test_text_is_readable(scheme: dict[str, str], ink: str, ground: str) -> None:
    assert contrast(scheme[ink], scheme[ground]) >= 4.5


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("edge", "ground"), CONTROLS)
def test_controls_and_focus_can_be_seen(scheme: dict[str, str], edge: str, ground: str) -> None:
    assert contrast(scheme[edge], scheme[ground]) >= 3


@pytest.mark.parametrize("fill", re.findall(r"--(?:brand|danger-fill): (#[0-9a-f]{6})", CSS))
def test_the_imitated_buttons_are_readable(fill: str) -> None:
    assert contrast(fill, "#ffffff") >= 4.5
