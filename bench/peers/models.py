"""The event as pydantic reads it, for the peers on FastStream."""

from datetime import date

from pydantic import AwareDatetime, BaseModel


class Clock(BaseModel):
    state: str
    channel: str | None
    unit: str
    started_on: date | None
    stopped_on: date | None
    late_from: AwareDatetime | None
    elapsed: int
    met: bool | None
    excluded_as: str | None


class Change(BaseModel):
    standard_id: str
    before: Clock | None
    after: Clock | None


class Data(BaseModel):
    service_id: str
    standards: list[Change]


class Event(BaseModel):
    id: str
    type: str
    org: str
    recordedat: AwareDatetime
    data: Data
