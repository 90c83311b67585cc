"""The portal dialect (2024 on): the official columns of policy.md A.1, organisations by slug."""

from collections.abc import Iterator, Mapping
from typing import Any

from guichet.inventory_files.columns import Column, code, code_list, fiscal_year, several, share, texts, volume
from shared.contracts.reported.inventory import ServiceReported, ServiceStandardReported
from shared.contracts.reported.inventory_codes import SERVICE_CODES, SEVERAL, STANDARD_CODES, VOLUMES
from shared.official.findings import Remark
from shared.organizations import Organization, by_slug

STANDARD_ID = "service_standard_id"


def organization(cells: Mapping[str, str]) -> Organization | None:
    return by_slug(cells.get("owner_org", ""))


def organization_name(cells: Mapping[str, str]) -> str:
    return cells.get("owner_org", "")


def _coded(lists: Mapping[str, frozenset[str]]) -> Iterator[Column]:
    for name, official in lists.items():
        codes = {each: each for each in sorted(official)}
        yield Column(name, name, code_list(codes, blank=False) if name in SEVERAL else code(codes, blank=False))


SERVICE = (
    *texts({stem: stem for stem in ServiceReported.LIMITS}),
    *_coded(SERVICE_CODES),
    *(Column(name, name, volume) for name in VOLUMES),
    *(Column(name, name, fiscal_year) for name in ("last_service_review", "last_service_improvement")),
    Column("program_id", "program_id", several),
)
STANDARD = (
    *texts({stem: stem for stem in ServiceStandardReported.LIMITS}),
    *_coded(STANDARD_CODES),
    *(Column(name, name, volume) for name in ("volume_meeting_target", "total_volume")),
    Column("target", "target", share(1)),
)


def finish_service(_data: dict[str, Any], _cells: Mapping[str, str]) -> list[Remark]:
    """Nothing: each column says one thing."""
    return []


finish_standard = finish_service
