"""What `guichet verify` says of a log that is read while it is compared."""

from typing import Any

from guichet.verifying import _compare

KIND, ORG, DAY = "guichet.status.ApplicationStateChanged.v1", "9001", "2026-11-26"


class Answers:
    """What services answer: reporting has read the second of two events from the `from_`th question about its cells on."""

    def __init__(self, from_: int, *, cells_agree: bool = True) -> None:
        self._from, self._cells_agree, self._asked = from_, cells_agree, 0

    async def ask(self, service: str, path: str, **_: Any) -> dict[str, Any]:
        if path.endswith("/digest"):
            return {"cells": [self._cell(service)]}
        has = service != "reporting" or self._asked + 1 >= self._from
        return {"items": [[1, "a", "e-1"], [2, "b", "e-2"]][: 1 + has]}

    def _cell(self, service: str) -> dict[str, Any]:
        whole = {"type": KIND, "org_id": ORG, "day": DAY, "events": 2, "hash": 7}
        if service != "reporting":
            return whole
        self._asked += 1
        return whole if self._asked >= self._from and self._cells_agree else whole | {"events": 1, "hash": 3}


async def test_what_is_read_between_two_answers_is_no_difference() -> None:
    assert await _compare(Answers(from_=2), "status", 2) == ([], 0)  # type: ignore[arg-type]  # as much of services as is asked


async def test_what_is_never_read_is_lost_and_named() -> None:
    (difference,), missing = await _compare(Answers(from_=9), "status", 2)  # type: ignore[arg-type]
    assert (difference["lost"], difference["changed"], missing) == (["e-2"], [], 1)


async def test_a_cell_that_is_wrong_though_every_event_is_there_is_a_difference() -> None:
    (difference,), missing = await _compare(Answers(from_=1, cells_agree=False), "status", 2)  # type: ignore[arg-type]
    assert (difference["org_id"], difference["lost"], missing) == (ORG, [], 0)
