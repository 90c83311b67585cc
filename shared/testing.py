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
    said = {"application_id": application, "service_id": f"S-{org}", "state": state}
    moment = datetime.now(UTC) - timedelta(days=1, minutes=60 - number)
    return _event(org, "guichet.status.ApplicationStatusReported.v1", application, number, moment, {**said, **data})


def feedback_event(org: str, feedback: str, kind: str, **data: Any) -> dict[str, Any]:
    """A FeedbackReported as a department sends it."""
    said = {"feedback_id": feedback, "service_id": f"S-{org}", "kind": kind}
    moment = datetime.now(UTC) - timedelta(days=1)
    return _event(org, "guichet.feedback.FeedbackReported.v1", feedback, 0, moment, {**said, **data})


def _event(org: str, kind: str, subject: str, number: int, moment: datetime, data: dict[str, Any]) -> dict[str, Any]:
    """`id`, `source` and `time` are the envelope's where `data` says them."""
    time_ = data.pop("time", moment)
    return {
        "specversion": "1.0",
        "id": data.pop("id", f"{subject}-{number}"),
        "source": data.pop("source", f"/organizations/{org}/case-management"),
        "type": kind,
        "time": time_ if isinstance(time_, str) else time_.isoformat(),
        "subject": subject,
        "data": data,
    }
