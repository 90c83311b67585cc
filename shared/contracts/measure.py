"""What a service standard promises, as a clock can read it: so many days, from one state to another."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

CalendarName = Literal[
    "CA",
    "CA-AB",
    "CA-BC",
    "CA-MB",
    "CA-NB",
    "CA-NL",
    "CA-NS",
    "CA-NT",
    "CA-NU",
    "CA-ON",
    "CA-PE",
    "CA-QC",
    "CA-SK",
    "CA-YT",
]


class Measure(BaseModel):
    """The time limit of one service standard (clock rules 1 to 4).

    `limit` is an ISO 8601 duration of one part: days, weeks, months, or hours, minutes, seconds. Days are counted as
    `days` says; only a limit in days can be counted in business days, since "two business weeks" has two readings when
    a holiday falls in them. `confirmed` is false while the measure was only read from a sentence.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    limit: str = Field(pattern=r"^(P[1-9][0-9]{0,3}[DWM]|PT[1-9][0-9]{0,6}[HMS])$", examples=["P10D", "P6W", "PT48H"])
    days: Literal["business", "calendar"] = "calendar"
    starts: Literal["submitted", "complete"] = "submitted"
    ends: Literal["decided", "issued"] = "decided"
    calendar: CalendarName = "CA"
    confirmed: bool = False

    @model_validator(mode="after")
    def _business_days_are_days(self) -> Self:
        if self.days == "business" and not self.limit.endswith("D"):
            raise ValueError(
                f"business days need a limit in days, such as P10D; {self.limit} counts weeks, months or hours, "
                "which have no single reading in business days | les jours ouvrables exigent une limite en jours, telle "
                f"que P10D; {self.limit} compte des semaines, des mois ou des heures"
            )
        return self
