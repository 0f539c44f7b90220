"""A session cookie is believed only whole, in time and with our signature."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.web.session import LASTS, Signer, opened
from tests.fakes.console import SECRET

NOW = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
SIGNER = Signer(SECRET)
SESSION = opened("dana", NOW)
COOKIE = SIGNER.sign(SESSION)


def test_a_session_comes_back_as_it_was() -> None:
    assert SIGNER.read(COOKIE, NOW) == SESSION


@pytest.mark.parametrize("cookie", ["", ".", "x.y", COOKIE[:-2], COOKIE + "A", "A" + COOKIE, "é.é"])
def test_an_altered_cookie_is_nobody(cookie: str) -> None:
    assert SIGNER.read(cookie, NOW) is None


def test_another_key_does_not_open_it() -> None:
    assert Signer("another secret, long enough").read(COOKIE, NOW) is None


def test_it_ends() -> None:
    assert SIGNER.read(COOKIE, NOW + LASTS - timedelta(seconds=1)) is not None
    assert SIGNER.read(COOKIE, NOW + LASTS) is None


def test_each_session_has_its_own_token() -> None:
    other = opened("dana", NOW)
    assert not SESSION.vouches_for(other.csrf)
    assert not SESSION.vouches_for("")
    assert not SESSION.vouches_for("é")
    assert SESSION.vouches_for(SESSION.csrf)


def test_a_short_secret_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="16"):
        Signer("short")
