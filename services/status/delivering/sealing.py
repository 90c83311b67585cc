"""Addresses and secrets of subscriptions: sealed where they are kept, opened where they are used."""

import base64
import secrets

from services.status.store import Claimed
from shared.encryption import Seal


def new_id() -> str:
    return f"sub_{secrets.token_hex(12)}"


def new_message_id() -> str:
    """Of a message that tells of no change."""
    return f"msg_{secrets.token_hex(16)}"


def new_secret() -> str:
    """What a webhook's receiver verifies by (Standard Webhooks 1.0): 32 random bytes."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def seal_address(seal: Seal, subscription_id: str, address: str) -> bytes:
    return seal.seal(address.encode(), f"address:{subscription_id}")


def open_address(seal: Seal, subscription_id: str, sealed: bytes) -> str:
    return seal.open(sealed, f"address:{subscription_id}").decode()


def address_hash(seal: Seal, address: str) -> bytes:
    return seal.derive("address", address)


def destination(seal: Seal, host: str) -> str:
    """A host by which places are shared out, and by which nobody finds it."""
    return seal.derive("destination", host).hex()[:32]


def seal_secret(seal: Seal, subscription_id: str, secret: str) -> bytes:
    return seal.seal(secret.encode(), f"secret:{subscription_id}")


def open_secrets(seal: Seal, claimed: Claimed) -> list[str]:
    """What it is signed with: the secret, and while it is being rotated those before, the newest first."""
    sealed = [each for each in (claimed.sealed_secret, *claimed.sealed_previous_secrets) if each is not None]
    return [seal.open(each, f"secret:{claimed.subscription_id}").decode() for each in sealed]
