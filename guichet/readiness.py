"""Asking a service whether it serves (its /readyz), without more than the standard library."""

import contextlib
import json
import urllib.error
import urllib.request
from typing import Any


def is_ready(url: str) -> bool:
    """Whether a service answers 200 at /readyz."""
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=2) as answer:  # noqa: S310 - our own loopback address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError, ValueError):
        return False


def readiness(url: str) -> dict[str, Any]:
    """A service's /readyz; `status` is `down` where it does not answer."""
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=2) as answer:  # noqa: S310 - our own loopback address
            return dict(json.load(answer))
    except urllib.error.HTTPError as error:
        with contextlib.suppress(ValueError):
            return dict(json.load(error))
    except (urllib.error.URLError, OSError, ValueError):
        pass
    return {"status": "down"}
