"""What an inventory says that a simulation needs: whose a service is, its volumes, and how its standards are met."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, get_args

from guichet.inventory_files import Import, Row
from shared.contracts.measure import Measure
from shared.contracts.reported.inventory import ServiceReported, ServiceStandardReported
from shared.contracts.reported.inventory_codes import APPLICATION_VOLUMES
from shared.contracts.reported.status import Channel
from shared.measures import infer

_CHANNELS: tuple[Channel, ...] = ("TEL", "ONL", "PERSON", "POST", "EML", "FAX", "OTH")
_USUAL_SHARE = 0.85


@dataclass(frozen=True, slots=True)
class Standard:
    """`share` of the `volume` (outputs a year) meets it; without `channel` it holds for every channel."""

    standard_id: str
    type: str | None
    channel: Channel | None
    share: float
    volume: int
    measure: Measure | None


@dataclass(slots=True)
class Service:
    """One service of one organisation; `volumes` are its applications a year by channel.

    It is used when it, or any of its standards, has a volume. `measured` standards have a clock, results are reported
    of the `counted` ones (access, accuracy, others).
    """

    org_id: str
    service_id: str
    volumes: dict[Channel, int]
    feedback_channels: tuple[Channel, ...]
    measured: list[Standard] = field(default_factory=list)
    counted: list[Standard] = field(default_factory=list)
    is_used: bool = False

    @property
    def applications(self) -> int:
        return sum(self.volumes.values())


def services(inventory: Import) -> list[Service]:
    """The services in use, each under the newest of its valid rows; all of them where none has any volume."""
    rows = [row for row in inventory.rows if row.data is not None and row.org_id]
    newest = _newest(row for row in rows if isinstance(row.data, ServiceReported))
    found = {service_id: _service(row) for (service_id,), row in newest.items()}
    for row in _newest(row for row in rows if isinstance(row.data, ServiceStandardReported)).values():
        _add_standard(found.get(row.key[1]), row)
    return [each for each in found.values() if each.is_used] or list(found.values())


def _newest(rows: Iterator[Row]) -> dict[tuple[str, ...], Row]:
    """By ids; a service belongs to the organisation that named it first."""
    newest: dict[tuple[str, ...], Row] = {}
    for row in rows:
        known = newest.setdefault(row.key[1:], row)
        if row.org_id == known.org_id and row.key[0] > known.key[0]:
            newest[row.key[1:]] = row
    return newest


def _service(row: Row) -> Service:
    volumes = {
        channel: _count(getattr(row.data, name)) for channel, name in zip(_CHANNELS, APPLICATION_VOLUMES, strict=True)
    }
    heard = getattr(row.data, "client_feedback_channel", None) or ()
    listening = tuple(channel for channel in _CHANNELS if channel in heard)
    return Service(row.org_id or "", row.key[1], volumes, listening or ("ONL",), is_used=any(volumes.values()))


def _count(volume: Any) -> int:
    return volume if isinstance(volume, int) else 0


def _add_standard(service: Service | None, row: Row) -> None:
    if service is None or service.org_id != row.org_id or not isinstance(row.data, ServiceStandardReported):
        return
    standard = _standard(row.data)
    service.is_used |= standard.volume > 0
    if standard.measure is not None:
        service.measured.append(standard)
    elif standard.type != "TML":
        service.counted.append(standard)


def _standard(row: ServiceStandardReported) -> Standard:
    kind = _first(row.type, ("ACS", "ACY", "OTH", "TML"))
    return Standard(
        standard_id=row.service_standard_id,
        type=kind,
        channel=_first(row.channel, get_args(Channel)),
        share=_share(row),
        volume=_count(row.total_volume),
        measure=row.measure or (_inferred(row) if kind == "TML" else None),
    )


def _share(row: ServiceStandardReported) -> float:
    met, total = row.volume_meeting_target, row.total_volume
    if isinstance(met, int) and isinstance(total, int) and total:
        return min(met / total, 1.0)
    return _USUAL_SHARE if row.target is None else row.target


def _inferred(row: ServiceStandardReported) -> Measure | None:
    return infer(row.service_standard_en or "", row.service_standard_fr or "").measure


def _first(given: Any, allowed: tuple[Any, ...]) -> Any:
    """The first official code; older files give several where one is expected."""
    codes = given if isinstance(given, tuple) else (given,)
    return next((code for code in codes if code in allowed), None)
