"""Tokens of this home's own issuer: the demo's, trusted in demo mode on loopback alone, or that of compose.yaml."""

import os
import time
from collections.abc import Sequence
from typing import Any, get_args

from joserfc import jwt

from guichet.home import Home
from shared.identity import Role

ROLES = get_args(Role)
ISSUER, AUDIENCE = os.environ.get("GUICHET_ISSUER", "guichet-demo"), "guichet"


def token(home: Home, subject: str, roles: Sequence[str] = (), org_id: str | None = None, hours: float = 8) -> str:
    """An access token for a person with roles, or for a client (`subject`) without any."""
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": subject,
        "iat": now,
        "exp": now + int(hours * 3600),
        "roles": list(roles),
    }
    if org_id is not None:
        claims["org"] = org_id
    key = home.issuer_key()
    return jwt.encode({"alg": "Ed25519", "kid": key.kid}, claims, key, algorithms=["Ed25519"])
