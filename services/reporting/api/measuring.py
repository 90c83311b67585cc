"""What reporting measures of its own: how old what it has read is, and how many departments have gone silent."""

import time
from collections import Counter
from datetime import UTC, datetime

from fastapi import FastAPI

from services.reporting.api.performance import read_freshness
from shared import metrics
from shared.database import Pool

_SECONDS = 15.0


def prepare(app: FastAPI) -> None:
    app.state.further_measure = Freshness().measure


class Freshness:
    """Looks at the feeds every quarter of a minute at most; what is told between is what was found then."""

    def __init__(self) -> None:
        self._looked_at = -_SECONDS

    async def measure(self, pool: Pool) -> None:
        if time.monotonic() - self._looked_at < _SECONDS:
            return
        self._looked_at = time.monotonic()
        found, now = await read_freshness(pool), datetime.now(UTC)
        for view in found["views"]:
            if view["watermark"] is not None:
                metrics.freshness_seconds.labels(view["service"]).set((now - view["watermark"]).total_seconds())
        silent = Counter(feed["service"] for feed in found["feeds"] if feed["silent"])
        for service in {feed["service"] for feed in found["feeds"]}:
            metrics.silent_departments.labels(service).set(silent[service])
