"""Sealing what must stay private within a service's own database: AES-256-GCM under the service's master key."""

import base64
import hashlib
import hmac
import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


class Seal:
    """Seals and opens bytes; `context` is authenticated with them, so that a sealed value cannot be moved elsewhere."""

    def __init__(self, master_key: str) -> None:
        key = base64.urlsafe_b64decode(master_key + "=" * (-len(master_key) % 4))
        self._key = key
        self._cipher = AESGCM(key)

    def seal(self, plain: bytes, context: str) -> bytes:
        nonce = os.urandom(12)
        return nonce + self._cipher.encrypt(nonce, plain, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        return self._cipher.decrypt(sealed[:12], sealed[12:], context.encode())

    def derive(self, purpose: str, text: str) -> bytes:
        """32 bytes that follow from a text under this key, and from nothing else."""
        return hmac.digest(self._key, f"{purpose}:{text}".encode(), hashlib.sha256)
