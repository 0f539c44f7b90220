"""The notice of 42 CFR 2.32: both texts pinned, outdated wordings told apart from the one in force."""

import hashlib

import pytest

from bot.privacy import notices
from bot.privacy.notices import NoticeTampered, attached, carried, pinned, superseded
from skills.handoff.medicines import PART2_NOTICE
from skills.kit.part2_notice import LONG, SHA256, SHORT, SUPERSEDED

CHECKED = {  # against DOMAIN section 4 on 2026-11-23; compare with eCFR 2.32 at each release
    "short": "79fee3d6dff7e052183c61b66bfed589f0f45dcf330bb277e07b396bd12e9774",
    "long": "d82205a18044f9f45776343d91e26d8ddb44bf13e136af169ec73d755facd9a8",
}


def test_both_texts_are_the_ones_that_were_checked() -> None:
    assert CHECKED == SHA256
    assert hashlib.sha256(SHORT.encode()).hexdigest() == CHECKED["short"]
    assert hashlib.sha256(LONG.encode()).hexdigest() == CHECKED["long"]
    pinned()


def test_a_changed_letter_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices, "SHORT", SHORT.replace("use or ", ""))
    with pytest.raises(NoticeTampered):
        pinned()


def test_the_handoff_carries_the_pinned_text() -> None:
    assert PART2_NOTICE == SHORT


@pytest.mark.parametrize(
    ("text", "there"),
    [
        (SHORT, True),
        (LONG, True),
        (f"Summary.\n{SHORT}\nMore.", True),
        (SHORT.replace(" use or", "\n  use or"), True),  # a line broken anywhere
        ("42 CFR part 2 prohibits unauthorized disclosure of these records.", False),
        ("42 CFR part 2 applies.", False),
        (LONG[:-40], False),
        ("", False),
    ],
)
def test_whether_a_text_carries_it(text: str, *, there: bool) -> None:
    assert carried(text) is there


@pytest.mark.parametrize(
    ("text", "old"),
    [
        ("42 CFR part 2 prohibits unauthorized disclosure of these records.", SUPERSEDED[0]),
        ("42 CFR Part 2 PROHIBITS  unauthorized\ndisclosure of these records.", SUPERSEDED[0]),
        ("The rules prohibit you from making any further disclosure of this record.", SUPERSEDED[1]),
        (f"{SHORT} The rules prohibit you from making any further disclosure.", SUPERSEDED[1]),
        (SHORT, None),
        (LONG, None),
        (f"{LONG}\n{SHORT}", None),
        ("The rules prohibit you from making any other use or disclosure.", None),
        ("", None),
    ],
)
def test_outdated_wordings_are_found(text: str, old: str | None) -> None:
    assert superseded(text) == old


def test_it_is_attached_once() -> None:
    once = attached("A message.")
    assert once.endswith(SHORT)
    assert attached(once) == once
