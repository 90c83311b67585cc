"""How many events a key may send: a token bucket for each, and the RateLimit headers that tell how it stands.

A body counts as one event for each KiB that it begins, where those are more than its events.

Headers after the IETF draft "RateLimit header fields for HTTP" (draft-ietf-httpapi-ratelimit-headers-10).
"""

import math
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import NoReturn

from shared.problems import Problem, Refused, problem

_MOST_KEYS = 10_000
_BYTES_OF_AN_EVENT = 1024


def events_worth(size: int) -> int:
    """As how many events a body of so many bytes counts, however few it holds."""
    return -(-size // _BYTES_OF_AN_EVENT)


@dataclass(slots=True)
class Bucket:
    left: float
    filled_at: float


class RateLimit:
    """Buckets of `burst` events that fill by `per_second`; each key has one, kept while it is not full."""

    def __init__(self, per_second: float, burst: int) -> None:
        self._per_second, self._burst = per_second, burst
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def look(self, key_id: str, events: int = 1, now: float | None = None) -> None:
        """Refuse a key that has less left than this, before its request is read. Raises Refused (429).

        More than a full bucket is let in by a full one.
        """
        self._bucket_with(events, key_id, now)

    def take(self, key_id: str, events: int, now: float | None = None) -> dict[str, str]:
        """Take a request's events from its key's bucket; the headers of the answer. Raises Refused (429) when it holds less.

        A request of more than a full bucket leaves a debt.
        """
        bucket = self._bucket_with(events, key_id, now)
        bucket.left -= events
        return self._headers(bucket)

    def charge(self, key_id: str, events: int, now: float | None = None) -> dict[str, str]:
        """Take for what was refused once it was read, though it leave a debt: a bucket's at most."""
        bucket = self._filled(key_id, now)
        bucket.left -= min(events, self._burst)
        return self._headers(bucket)

    def give_back(self, key_id: str, events: int, now: float | None = None) -> dict[str, str]:
        """Undo a `take` whose events were not recorded through no fault of the key's."""
        bucket = self._filled(key_id, now)
        bucket.left = min(self._burst, bucket.left + events)
        return self._headers(bucket)

    def _bucket_with(self, events: int, key_id: str, now: float | None) -> Bucket:
        bucket = self._filled(key_id, now)
        wanted = min(events, self._burst)
        if bucket.left < wanted:
            self._refuse(bucket, wanted)
        return bucket

    def _refuse(self, bucket: Bucket, wanted: int) -> NoReturn:
        seconds = math.ceil((wanted - bucket.left) / self._per_second)
        raise Refused(_too_many(self._per_second, seconds), {**self._headers(bucket), "Retry-After": str(seconds)})

    def _headers(self, bucket: Bucket) -> dict[str, str]:
        """What is left, and in how many seconds it will be whole again."""
        whole_in = math.ceil((self._burst - bucket.left) / self._per_second)
        return {
            "RateLimit-Policy": f'"events";q={self._burst};w={math.ceil(self._burst / self._per_second)}',
            "RateLimit": f'"events";r={max(0, math.floor(bucket.left))};t={whole_in}',
        }

    def _filled(self, key_id: str, now: float | None) -> Bucket:
        now = time.monotonic() if now is None else now
        bucket = self._buckets.setdefault(key_id, Bucket(self._burst, now))
        self._buckets.move_to_end(key_id)
        bucket.left = min(self._burst, bucket.left + (now - bucket.filled_at) * self._per_second)
        bucket.filled_at = now
        if len(self._buckets) > _MOST_KEYS:
            self._buckets.popitem(last=False)
        return bucket


def _too_many(per_second: float, seconds: int) -> Problem:
    return problem(
        "too_many_requests",
        f"A key may send {per_second:g} events a second; send this again in {seconds} s.",
        f"Une clé peut envoyer {per_second:g} événements par seconde; renvoyez ceci dans {seconds} s.",
    )
