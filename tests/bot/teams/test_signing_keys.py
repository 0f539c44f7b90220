"""The issuer is asked rarely, and what it said last stays good while it is silent."""

import pytest

from bot.teams.signing_keys import FRESH_S, REFETCH_AFTER_S, RETRY_AFTER_S, KeysUnavailable, SigningKeys
from tests.fakes.teams_issuer import running_issuer

KNOWN, UNKNOWN = "kid-published", "kid-forged"


async def test_unknown_keys_ask_the_issuer_again_but_not_each_time() -> None:
    now = [0.0]
    with running_issuer() as issuer:
        keys = SigningKeys(f"{issuer.url}/keys", clock=lambda: now[0])
        assert await keys.warm(KNOWN)
        assert [await keys.warm(UNKNOWN) for _ in range(5)] == [False] * 5
        assert len(issuer.asked) == 1
        now[0] += REFETCH_AFTER_S + 1
        assert [await keys.warm(UNKNOWN) for _ in range(5)] == [False] * 5
        assert len(issuer.asked) == 2


async def test_old_keys_are_renewed_and_stay_good_while_the_issuer_is_silent() -> None:
    now = [0.0]
    with running_issuer() as issuer:
        keys = SigningKeys(f"{issuer.url}/keys", clock=lambda: now[0])
        assert await keys.warm(KNOWN)
        now[0] += FRESH_S + 1
        issuer.down = True
        assert await keys.warm(KNOWN)
        assert len(issuer.asked) == 2


async def test_an_issuer_that_comes_back_is_believed_after_the_pause() -> None:
    now = [0.0]
    with running_issuer(down=True) as issuer:
        keys = SigningKeys(f"{issuer.url}/keys", clock=lambda: now[0])
        with pytest.raises(KeysUnavailable):
            await keys.warm(KNOWN)
        issuer.down = False
        with pytest.raises(KeysUnavailable):
            await keys.warm(KNOWN)
        assert len(issuer.asked) == 1
        now[0] += RETRY_AFTER_S + 1
        assert await keys.warm(KNOWN)
