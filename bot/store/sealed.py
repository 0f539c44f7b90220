"""Keeps content unreadable at rest: AES-256-GCM, the key named in each value, the place it belongs to bound into it.

Layout: version (1 byte), key id (4), nonce (12), ciphertext with its tag.
"""

import hashlib
import hmac
import os
from collections.abc import Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VERSION: Final = b"\x01"
KEY_ID, NONCE = slice(1, 5), slice(5, 17)
SHORTEST: Final = 17 + 16


class SealBroken(Exception):
    """The value does not open: another key, another place, or it was changed. The message holds no content."""


class Seal:
    """Seals with the current key; opens with it or any of the `old` ones. Secrets are at least 16 bytes of entropy."""

    def __init__(self, secret_key: str | bytes, *, old: Sequence[str | bytes] = ()) -> None:
        secrets = [_bytes(secret) for secret in (secret_key, *old)]
        if any(len(secret) < 16 for secret in secrets):
            raise ValueError("the secret key is too short: use at least 16 random bytes")
        self._keys = {_derive(secret, b"key id", 4): AESGCM(_derive(secret, b"aes-256-gcm", 32)) for secret in secrets}
        self._marks = {_derive(secret, b"key id", 4): _derive(secret, b"mark", 32) for secret in secrets}
        self._current = _derive(secrets[0], b"key id", 4)

    @property
    def key_id(self) -> bytes:
        """Of the current key, as it stands in each value sealed with it. Says nothing about the key."""
        return self._current

    def seal(self, text: str, *, context: str) -> bytes:
        """`context` says where the value lives, such as "draft_versions.text/<draft id>"; it opens only there."""
        nonce = os.urandom(12)
        head = VERSION + self._current + nonce
        return head + self._keys[self._current].encrypt(nonce, text.encode(), _bound(head, context))

    def open(self, sealed: bytes, *, context: str) -> str:
        """The text. Raises SealBroken."""
        if len(sealed) < SHORTEST or sealed[:1] != VERSION:
            raise SealBroken(f"the stored value of {context} is not a sealed value")
        key = self._keys.get(sealed[KEY_ID])
        if key is None:
            raise SealBroken(f"the stored value of {context} was sealed with a key that is not configured here")
        try:
            return key.decrypt(sealed[NONCE], sealed[17:], _bound(sealed[:17], context)).decode()
        except InvalidTag:
            raise SealBroken(f"the stored value of {context} was changed or belongs to another place") from None

    def stale(self, sealed: bytes) -> bool:
        """Sealed with an old key: seal it anew."""
        return sealed[KEY_ID] != self._current

    def mark(self, digest: bytes) -> str:
        """Shows that whoever made something with this digest held the key: `<key id>:<HMAC-SHA256>`."""
        return _mark(self._current, self._marks[self._current], digest)

    def marked(self, digest: bytes, mark: str) -> bool:
        """Made with one of our keys, and unchanged."""
        return any(hmac.compare_digest(_mark(key_id, key, digest), mark) for key_id, key in self._marks.items())

    def holds_key_of(self, mark: str) -> bool:
        return mark.partition(":")[0] in {key_id.hex() for key_id in self._marks}


def _mark(key_id: bytes, key: bytes, digest: bytes) -> str:
    return f"{key_id.hex()}:{hmac.new(key, digest, hashlib.sha256).hexdigest()}"


def _bound(head: bytes, context: str) -> bytes:
    return head + context.encode()


def _bytes(secret: str | bytes) -> bytes:
    return secret.encode() if isinstance(secret, str) else secret


def _derive(secret: bytes, purpose: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=b"baton/seal/1", info=purpose).derive(secret)
