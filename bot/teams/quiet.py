"""Silences the libraries that print what they are given: an activity is a person's words, a token is a secret."""

import logging

TALKATIVE = ("microsoft_teams", "msal", "httpx", "httpcore", "jwt")


def hush() -> None:
    """The SDK logs whole activities, exceptions with arguments in them and claims of refused tokens. Idempotent."""
    for name in TALKATIVE:
        logger = logging.getLogger(name)
        logger.setLevel(logging.CRITICAL + 1)
        logger.propagate = False
        for inner in _inside(name):
            inner.setLevel(logging.NOTSET)  # so that it takes the level above


def _inside(name: str) -> list[logging.Logger]:
    """The loggers there are below this one."""
    return [logging.getLogger(each) for each in tuple(logging.root.manager.loggerDict) if each.startswith(f"{name}.")]
