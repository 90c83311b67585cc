"""What applications' readers may expect; how long others took is looked up once in ten minutes for each kind of them."""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from fastapi import FastAPI

from services.status import store
from services.status.domain.application import Application, standard_shown
from services.status.domain.clocks import Rules, Standard
from services.status.domain.expectation import FEWEST, Expectation, Typical, instead, is_overdue, promised
from services.status.store import Kind
from shared.contracts.status import Clock
from shared.ownership import day_in_ottawa

# As the figures of 28 days: the day itself, and those before it.
_LATELY = timedelta(days=27)
# What is enough to be told is kept; what is too little yet is soon asked again.
_KEPT_SECONDS, _TOO_FEW_SECONDS, _MOST_KEPT = 600.0, 5.0, 10_000


class Waiting(NamedTuple):
    """An application and all that its expected date follows from."""

    application: Application
    clocks: Mapping[str, Clock]
    rules: Rules
    standards: Mapping[str, Standard]

    def promise(self) -> Expectation:
        inferred = {name for name, each in self.standards.items() if each.measure and not each.measure.confirmed}
        return promised(self.application, self.clocks, inferred)

    def kind(self) -> Kind | None:
        shown = standard_shown(self.clocks)
        return None if shown is None else (self.application.service_id, shown, self.application.channel)


def prepare(app: FastAPI) -> None:
    kept: dict[Kind, tuple[float, Typical]] = {}
    app.state.typical = kept


async def expected(app: FastAPI, waiting: Sequence[Waiting], now: datetime) -> list[Expectation]:
    """Clock rule 8, of each: what was promised; once that has passed, what such applications take just now."""
    promises = [each.promise() for each in waiting]
    late = [each.kind() for each, promise in zip(waiting, promises, strict=True) if is_overdue(promise, now)]
    typical = await _typical(app, {kind for kind in late if kind is not None}, now)
    return [
        instead(promise, each.application, each.clocks, each.rules, typical.get(each.kind()), now)
        if is_overdue(promise, now)
        else promise
        for each, promise in zip(waiting, promises, strict=True)
    ]


async def _typical(app: FastAPI, kinds: set[Kind], now: datetime) -> Mapping[Kind | None, Typical]:
    """Of these kinds, by one statement for those that were not looked up lately."""
    kept: dict[Kind, tuple[float, Typical]] = app.state.typical
    moment = time.monotonic()
    unknown = {kind for kind in kinds if kind not in kept or kept[kind][0] <= moment}
    if unknown:
        read = await store.typical(app.state.pool, unknown, day_in_ottawa(now) - _LATELY)
        if len(kept) + len(unknown) > _MOST_KEPT:
            kept.clear()
        for kind in unknown:
            found = read.get(kind, Typical(0, 0))
            kept[kind] = moment + (_KEPT_SECONDS if found.cases >= FEWEST else _TOO_FEW_SECONDS), found
    return {kind: kept[kind][1] for kind in kinds if kind in kept}
