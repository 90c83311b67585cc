"""People's access tokens: signed by the issuer, whose public keys (a JWKS) may change while we run."""

import asyncio
import time
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from shared.identity import Person
from shared.logs import log

_ALGORITHMS = ["RS256", "ES256", "Ed25519", "EdDSA"]
_AUDIENCE = "guichet"
_FILE_SECONDS, _ADDRESS_SECONDS = 1.0, 300.0
_STRANGER_SECONDS = 5.0


class Jwks:
    """The issuer's public keys, from a file or an https address: read again in time, and when a token names a new one.

    While they cannot be read, those that were read last go on being trusted.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._remote = source.startswith(("https://", "http://"))
        self._keys: KeySet | None = None
        self._read_at = float("-inf")
        self._turn = asyncio.Lock()

    async def keys(self, kid: str | None) -> KeySet | None:
        """The keys, read again when they are old, or when none has this id and they were not read a moment ago."""
        age = time.monotonic() - self._read_at
        stranger = self._keys is None or not any(key.kid == kid for key in self._keys.keys)
        if age > (_ADDRESS_SECONDS if self._remote else _FILE_SECONDS) or (stranger and age > _STRANGER_SECONDS):
            async with self._turn:
                if time.monotonic() - self._read_at >= age:
                    await self._read()
        return self._keys

    async def _read(self) -> None:
        self._read_at = time.monotonic()
        try:
            content = await self._fetch() if self._remote else Path(self._source).read_bytes()
            self._keys = KeySet.import_key_set(orjson.loads(content))
        except (OSError, aiohttp.ClientError, TimeoutError, ValueError, TypeError, KeyError, JoseError) as error:
            log.warning("jwks_not_read", error=type(error).__name__)

    async def _fetch(self) -> bytes:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session,
            session.get(self._source, allow_redirects=False) as answer,
        ):
            answer.raise_for_status()
            return await answer.read()


class Tokens:
    """Checks access tokens: signature, issuer, audience, expiry. `none` and keys of another kind are refused."""

    def __init__(self, jwks: str | None, issuer: str) -> None:
        self._jwks = None if jwks is None else Jwks(jwks)
        self._claims = jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": _AUDIENCE},
            exp={"essential": True},
            sub={"essential": True},
        )

    async def person(self, token: str) -> Person | None:
        """Whose token it is; None where it is not good."""
        if self._jwks is None:
            return None
        try:
            keys = await self._jwks.keys(jws.extract_compact(token.encode()).headers().get("kid"))
            if keys is None:
                return None
            claims = jwt.decode(token, keys, algorithms=_ALGORITHMS).claims
            self._claims.validate(claims)
        except (JoseError, ValueError, TypeError, RecursionError):
            return None
        return _person(claims)


def _person(claims: dict[str, Any]) -> Person:
    roles, org = claims.get("roles"), claims.get("org")
    return Person(
        str(claims["sub"]),
        frozenset(str(role) for role in roles) if isinstance(roles, list) else frozenset(),
        org if isinstance(org, str) and org else None,
    )
