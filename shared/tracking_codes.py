"""Tracking codes: unguessable (100 bits), one for each thing a client may follow without an account, exchanged for a cookie
and never part of an address.
"""

import base64
import hashlib
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from fastapi import Request, Response

from shared.encryption import Seal
from shared.language import Bilingual
from shared.problems import Refused, problem

Key = tuple[str, str]  # organisation, id

_NO_LETTERS = re.compile(r"[\W_]+")
_TRIES_A_MINUTE = 10
_OPEN_SECONDS = 12 * 3600
# A browser keeps cookies of 4 KiB, which this is when sealed and written in letters.
_MOST_OPENED, _MOST_BYTES = 10, 2_800
_KNOWN_ADDRESSES = 10_000


def code_hash(code: str) -> bytes:
    """What is kept of a code, however it was typed."""
    return hashlib.sha256(_NO_LETTERS.sub("", code.upper()).encode()).digest()


@dataclass(frozen=True, slots=True)
class TrackingCodes:
    """Those of one kind of thing: what they derive from, what their cookie is called, what is said of an unknown one,
    and whether a browser keeps several.
    """

    purpose: str
    cookie: str
    unknown: Bilingual
    many: bool = False

    def code(self, seal: Seal, key: str) -> str:
        letters = base64.b32encode(seal.derive(self.purpose, key)).decode()[:20]
        return "-".join(letters[start : start + 5] for start in range(0, 20, 5))

    def key_of_cookie(self, request: Request) -> Key | None:
        """The thing that the reader's cookie opened last."""
        return next(iter(self.keys_of_cookie(request)), None)

    def keys_of_cookie(self, request: Request) -> list[Key]:
        """The things that the reader's cookie opens, the last first."""
        return [(org_id, thing) for _, org_id, thing in self._opened(request)]

    def _opened(self, request: Request) -> list[tuple[int, str, str]]:
        """When each was opened, organisation, id."""
        try:
            sealed = base64.urlsafe_b64decode(request.cookies[self.cookie])
            lines = request.app.state.seal.open(sealed, self._context).decode().split("\n")
            found = [(int(made), org_id, thing) for made, org_id, thing in (line.split("/", 2) for line in lines)]
        except (KeyError, ValueError, InvalidTag):
            return []
        return [each for each in found if time.time() - each[0] < _OPEN_SECONDS]

    def set_cookie(self, request: Request, response: Response, key: Key) -> None:
        """From now on it opens this; where it may open `many`, beside what was opened in this browser within the last hours."""
        before = [each for each in self._opened(request) if self.many and each[1:] != key]
        lines = [f"{made}/{org_id}/{thing}".encode() for made, org_id, thing in [(int(time.time()), *key), *before]]
        while len(lines) > _MOST_OPENED or len(b"\n".join(lines)) > _MOST_BYTES:
            lines.pop()
        sealed = request.app.state.seal.seal(b"\n".join(lines), self._context)
        response.set_cookie(
            self.cookie,
            base64.urlsafe_b64encode(sealed).decode(),
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
            max_age=_OPEN_SECONDS,
        )

    async def open(self, request: Request, code: str, find: Callable[[bytes], Awaitable[Key | None]]) -> Key:
        """The thing of a code. Raises Refused: 404, or 429 after ten failed tries a minute from one address."""
        tries = take_turn(request, "tracking", _TRIES_A_MINUTE)
        # Counted before it is looked up: those at the same time are tries too.
        tries.append(began := time.monotonic())
        key = await find(code_hash(code))
        if key is None:
            raise Refused(problem("not_found", self.unknown.en, self.unknown.fr))
        if began in tries:
            tries.remove(began)
        return key

    @property
    def _context(self) -> str:
        return f"{self.purpose} cookie"


def take_turn(request: Request, what: str, most: int) -> list[float]:
    """When the caller's address did something in the last minute, in this process. Raises Refused where that is `most` times."""
    state = request.app.state
    if not hasattr(state, "turns"):
        state.turns = {}
    everyone: dict[tuple[str, str], list[float]] = state.turns
    now = time.monotonic()
    if len(everyone) > _KNOWN_ADDRESSES:
        for each in [each for each, times in everyone.items() if not times or now - times[-1] > 60]:
            del everyone[each]
    mine = everyone.setdefault((what, request.client.host if request.client else ""), [])
    mine[:] = [each for each in mine if now - each < 60]
    if len(mine) >= most:
        raise Refused(
            problem(
                "too_many_requests",
                f"{most} tries a minute are allowed; wait a minute.",
                f"{most} essais par minute sont permis; patientez une minute.",
            ),
            {"Retry-After": str(int(61 - (now - mine[0])))},
        )
    return mine
