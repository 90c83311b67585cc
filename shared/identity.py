"""Who is calling: a department by its key, a person by a token. It alone decides which organisation speaks."""

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import orjson
from fastapi import Request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from shared.database import Pool
from shared.problems import Problem, Refused, problem

Role = Literal["officer", "deputy_head", "oversight", "auditor", "operator"]
READERS: frozenset[Role] = frozenset({"officer", "deputy_head", "oversight", "auditor", "operator"})
_ALGORITHMS = ["RS256", "ES256", "Ed25519"]
_AUDIENCE = "guichet"


@dataclass(frozen=True, slots=True)
class Department:
    org_id: str
    key_id: str


@dataclass(frozen=True, slots=True)
class Person:
    """A holder of a token: a client (no role, `client_id`), or someone with roles in an organisation."""

    subject: str
    roles: frozenset[str]
    org_id: str | None

    @property
    def reads_all(self) -> bool:
        return bool(self.roles & {"oversight", "auditor", "operator"})

    def may_read(self, org_id: str | None = None) -> bool:
        """Roles that see everything, or a role in this very organisation."""
        if self.reads_all:
            return True
        return (
            bool(self.roles & {"officer", "deputy_head"}) and self.org_id is not None and org_id in {None, self.org_id}
        )


class Keys:
    """Departments' keys of one service. A key is `gk_<id>_<256 random bits>`; only its HMAC is kept."""

    _CACHED_SECONDS = 1.0

    def __init__(self, pool: Pool, pepper: str) -> None:
        self._pool, self._pepper = pool, pepper.encode()
        self._seen: dict[str, tuple[float, Department]] = {}

    async def department(self, key: str) -> Department | None:
        now = time.monotonic()
        cached = self._seen.get(key)
        if cached is not None and now - cached[0] < self._CACHED_SECONDS:
            return cached[1]
        found = await self._look_up(key)
        if found is not None:
            self._seen = {k: v for k, v in self._seen.items() if now - v[0] < self._CACHED_SECONDS}
            self._seen[key] = (now, found)
        return found

    async def _look_up(self, key: str) -> Department | None:
        row = await self._pool.fetchrow(
            "select org_id, hmac from api_key where key_id = $1 and revoked_at is null "
            "and (expires_at is null or expires_at > now())",
            key_id_of(key),
        )
        if row is None or not hmac.compare_digest(row["hmac"], self._hmac(key)):
            return None
        return Department(row["org_id"], key_id_of(key))

    async def add(self, org_id: str, key: str) -> None:
        await self._pool.execute(
            "insert into api_key (key_id, org_id, hmac) values ($1, $2, $3) on conflict do nothing",
            key_id_of(key),
            org_id,
            self._hmac(key),
        )

    async def revoke(self, key_id: str) -> bool:
        self._seen.clear()
        done = await self._pool.execute(
            "update api_key set revoked_at = now() where key_id = $1 and revoked_at is null", key_id
        )
        return bool(done == "UPDATE 1")

    async def list(self) -> list[dict[str, Any]]:
        rows = await self._pool.fetch(
            "select key_id as id, org_id, created_at, expires_at, revoked_at from api_key order by created_at, key_id"
        )
        return [dict(row) for row in rows]

    def _hmac(self, key: str) -> bytes:
        return hmac.digest(self._pepper, key.encode(), hashlib.sha256)


def new_key() -> str:
    return f"gk_{secrets.token_hex(6)}_{secrets.token_urlsafe(32)}"


def key_id_of(key: str) -> str:
    return "_".join(key.split("_", 2)[:2])[:40]


class Tokens:
    """Checks access tokens against the issuer's public keys (a JWKS file)."""

    def __init__(self, jwks: Path | None, issuer: str) -> None:
        self._keys = None if jwks is None else KeySet.import_key_set(orjson.loads(jwks.read_bytes()))
        self._claims = jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": _AUDIENCE},
            exp={"essential": True},
            sub={"essential": True},
        )

    def person(self, token: str) -> Person | None:
        if self._keys is None:
            return None
        try:
            claims = jwt.decode(token, self._keys, algorithms=_ALGORITHMS).claims
            self._claims.validate(claims)
        except (JoseError, ValueError, TypeError):
            return None
        roles = claims.get("roles")
        org = claims.get("org")
        return Person(
            str(claims["sub"]),
            frozenset(str(role) for role in roles) if isinstance(roles, list) else frozenset(),
            org if isinstance(org, str) and org else None,
        )


def _bearer(request: Request) -> str | None:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" and value.strip() else None


def _unauthorized(found: Problem) -> Refused:
    return Refused(found, {"WWW-Authenticate": "Bearer"})


async def caller(request: Request) -> Department | Person | None:
    """Who is calling, or None without credentials; credentials that are not good are refused."""
    bearer = _bearer(request)
    if bearer is None:
        return None
    keys: Keys = request.app.state.keys
    tokens: Tokens = request.app.state.tokens
    found: Department | Person | None
    found = await keys.department(bearer) if bearer.startswith("gk_") else tokens.person(bearer)
    if found is None:
        raise _unauthorized(
            problem(
                "unauthorized",
                "The key or token is not known, has expired or was revoked.",
                "La clé ou le jeton est inconnu, expiré ou révoqué.",
            )
        )
    return found


async def department(request: Request) -> Department:
    """A department by its key for this service; anyone else is refused."""
    found = await caller(request)
    if isinstance(found, Department):
        return found
    if found is None:
        raise _unauthorized(
            problem(
                "unauthorized",
                "Send your department's key: Authorization: Bearer <key>.",
                "Envoyez la clé de votre ministère : Authorization: Bearer <clé>.",
            )
        )
    raise Refused(
        problem("forbidden", "Only a department's key may do this.", "Seule la clé d'un ministère le permet.")
    )


async def operator(request: Request) -> Person:
    """A person whose token has the role `operator`."""
    found = await caller(request)
    if isinstance(found, Person) and "operator" in found.roles:
        return found
    refusal = problem(
        "forbidden" if found else "unauthorized",
        "This needs a token with the role operator.",
        "Il faut un jeton portant le rôle operator.",
    )
    raise Refused(refusal) if found else _unauthorized(refusal)
