"""What tests of any service need; not shipped."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

_T = TypeVar("_T")


async def eventually(
    ask: Callable[[], Awaitable[_T]], wanted: Callable[[_T], object] = bool, seconds: float = 20
) -> _T:
    """Ask again until the answer is what is wanted. Raises AssertionError with the last answer when the time is up."""
    deadline = time.monotonic() + seconds
    while True:
        answer = await ask()
        if wanted(answer):
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s; the last answer: {answer!r}")
        await asyncio.sleep(0.05)


def status_event(org: str, application: str, state: str, *, number: int = 1, **data: Any) -> dict[str, Any]:
    """An ApplicationStatusReported as a department sends it; `number` tells the events of one application apart."""
    moment = data.pop("time", datetime.now(UTC) - timedelta(days=1, minutes=60 - number))
    return {
        "specversion": "1.0",
        "id": data.pop("id", f"{application}-{number}"),
        "source": data.pop("source", f"/organizations/{org}/case-management"),
        "type": "guichet.status.ApplicationStatusReported.v1",
        "time": moment if isinstance(moment, str) else moment.isoformat(),
        "subject": application,
        "data": {"application_id": application, "service_id": f"S-{org}", "state": state, **data},
    }


def feedback_event(org: str, feedback: str, kind: str, **data: Any) -> dict[str, Any]:
    """A FeedbackReported as a department sends it."""
    moment = data.pop("time", datetime.now(UTC) - timedelta(days=1))
    return {
        "specversion": "1.0",
        "id": data.pop("id", f"{feedback}-0"),
        "source": data.pop("source", f"/organizations/{org}/case-management"),
        "type": "guichet.feedback.FeedbackReported.v1",
        "time": moment if isinstance(moment, str) else moment.isoformat(),
        "subject": feedback,
        "data": {"feedback_id": feedback, "service_id": f"S-{org}", "kind": kind, **data},
    }
