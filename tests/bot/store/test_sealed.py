import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.store.sealed import Seal, SealBroken

SECRET = "a secret of enough random bytes"
SEAL = Seal(SECRET)
WHERE = "draft_versions.text/d1"


@given(st.text())
def test_what_was_sealed_opens_again(words: str) -> None:
    assert SEAL.open(SEAL.seal(words, context=WHERE), context=WHERE) == words


def test_the_words_are_not_in_it_and_no_two_seals_are_alike() -> None:
    one, two = (SEAL.seal("canary canary canary", context=WHERE) for _ in range(2))
    assert b"canary" not in one
    assert one[17:] != two[17:]


def test_it_opens_only_where_it_belongs() -> None:
    sealed = SEAL.seal("words", context=WHERE)
    with pytest.raises(SealBroken, match="belongs to another place"):
        SEAL.open(sealed, context="draft_versions.text/d2")


def test_a_change_of_any_byte_is_noticed() -> None:
    sealed = SEAL.seal("words", context=WHERE)
    for at in range(len(sealed)):
        changed = bytearray(sealed)
        changed[at] ^= 1
        with pytest.raises(SealBroken):
            SEAL.open(bytes(changed), context=WHERE)


@pytest.mark.parametrize("value", [b"", b"words in the clear that are long enough", b"\x01" * 20])
def test_what_was_never_sealed_is_refused(value: bytes) -> None:
    with pytest.raises(SealBroken):
        SEAL.open(value, context=WHERE)


def test_another_key_says_so_and_shows_nothing() -> None:
    sealed = SEAL.seal("words", context=WHERE)
    with pytest.raises(SealBroken, match="a key that is not configured here") as said:
        Seal("another secret that is long enough").open(sealed, context=WHERE)
    assert "words" not in str(said.value)


def test_an_old_key_still_opens_and_is_known_to_be_old() -> None:
    sealed = SEAL.seal("words", context=WHERE)
    rotated = Seal("another secret that is long enough", old=[SECRET])
    assert rotated.open(sealed, context=WHERE) == "words"
    assert rotated.stale(sealed)
    assert not rotated.stale(rotated.seal("words", context=WHERE))


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 16"):
        Seal("short")
