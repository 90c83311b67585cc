"""What an application's reader may expect; how long others took is looked up once in ten minutes for each kind of them."""

import time
from collections.abc import Mapping
from datetime import datetime, timedelta

from fastapi import FastAPI

from services.status import store
from services.status.domain.application import Application, standard_shown
from services.status.domain.clocks import Rules
from services.status.domain.expectation import FEWEST, Expectation, Typical, instead, is_overdue, promised
from shared.contracts.status import Clock

_LATELY = timedelta(days=28)
_KEPT_SECONDS, _MOST_KEPT = 600.0, 10_000
_Kind = tuple[str, str, str | None]  # service, standard, channel


def prepare(app: FastAPI) -> None:
    kept: dict[_Kind, tuple[float, Typical]] = {}
    app.state.typical = kept


async def expected(
    app: FastAPI, application: Application, clocks: Mapping[str, Clock], rules: Rules, now: datetime
) -> Expectation:
    """Clock rule 8: what was promised; once that has passed, what such applications take just now."""
    promise, shown = promised(application, clocks), standard_shown(clocks)
    if shown is None or not is_overdue(promise, now):
        return promise
    typical = await _typical(app, (application.service_id, shown, application.channel), now)
    return instead(promise, application, rules, shown, typical, now)


async def _typical(app: FastAPI, kind: _Kind, now: datetime) -> Typical | None:
    kept: dict[_Kind, tuple[float, Typical]] = app.state.typical
    at, found = kept.get(kind, (0.0, None))
    if found is not None and time.monotonic() - at < _KEPT_SECONDS:
        return found
    found = await store.typical(app.state.pool, *kind, now - _LATELY)
    if found is not None and found.cases >= FEWEST:
        if len(kept) >= _MOST_KEPT:
            kept.clear()
        kept[kind] = time.monotonic(), found
    return found
