"""What reported services and standards have in common, and how strictly a row is judged.

`dialect` names the official file a row was imported from; it is absent where a department reports by itself.
Absent: everything the official schema makes mandatory is there, within its limits, in both languages, in official
codes. `portal`: every coded column is filled with official codes; texts and volumes may be blank or too long, as they
are in real files. `collection` (2016-2020): only the key is sure. `NA` and `ND` are codes of every coded column, older
codes without an official equal stay as they are, and a blank is null.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    field_validator,
)
from pydantic_core import PydanticKnownError

from shared.contracts.envelope import Contract
from shared.contracts.identifiers import Identifier
from shared.contracts.reported.inventory_codes import SEVERAL, Dialect, NoCode

FISCAL_YEARS = frozenset(f"{year}-{year + 1}" for year in range(2005, 2030))


def is_fiscal_year(text: str) -> bool:
    """Whether a text is a year of the official list, 2005-2006 to 2029-2030."""
    return text in FISCAL_YEARS


def _fiscal_year(text: str) -> str:
    if not is_fiscal_year(text):
        raise ValueError(
            "a fiscal year is written 2025-2026, from 2005-2006 to 2029-2030 | un exercice s'écrit 2025-2026, de 2005-2006 à 2029-2030"
        )
    return text


def _blank_is_none(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _volume(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    try:
        return handler(_blank_is_none(value))
    except ValidationError:
        raise PydanticKnownError("literal_error", {"expected": "0, 1, 2 …, NA, ND, null"}) from None


FiscalYear = Annotated[str, AfterValidator(_fiscal_year)]
Text = Annotated[str | None, BeforeValidator(_blank_is_none)]
Count = Annotated[int, Field(strict=True, ge=0, le=10**12)]
Volume = Annotated[Count | NoCode | None, WrapValidator(_volume)]
Share = Annotated[float, Field(strict=True, ge=0, le=1, allow_inf_nan=False)]


def both_languages(*stems: str) -> frozenset[str]:
    return frozenset(f"{stem}_{language}" for stem in stems for language in ("en", "fr"))


def _mandatory_fields_are_required(schema: dict[str, Any], model: type[Any]) -> None:
    schema["required"] = sorted(model.MANDATORY)


class InventoryRow(Contract):
    """The year described and the service; `CODES`, `MANDATORY` and `LIMITS` are the official schema's."""

    model_config = ConfigDict(validate_default=True, json_schema_extra=_mandatory_fields_are_required)
    CODES: ClassVar[Mapping[str, frozenset[str]]] = {}
    MANDATORY: ClassVar[frozenset[str]] = frozenset()
    LIMITS: ClassVar[Mapping[str, int]] = {}
    # What official files alone say: who reports by themselves leave it to whoever computes it.
    FILED: ClassVar[frozenset[str]] = frozenset({"older"})

    dialect: Dialect | None = None
    fiscal_year: FiscalYear
    service_id: Identifier
    service_name_en: Text = None
    service_name_fr: Text = None

    @field_validator("*", mode="wrap")
    @classmethod
    def _codes_are_on_the_list(cls, value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
        official = cls.CODES.get(info.field_name or "")
        if official is None or value is None:
            return handler(value)
        expected = PydanticKnownError("literal_error", {"expected": ", ".join(sorted(official))})
        codes = value if isinstance(value, list | tuple) else [value]
        if not codes or (info.data.get("dialect") != "collection" and not official.issuperset(map(str, codes))):
            raise expected
        if len(codes) > 1 and info.field_name not in SEVERAL and not info.data.get("dialect"):
            raise expected
        try:
            return handler(value)
        except ValidationError:
            raise expected from None

    @field_validator("*")
    @classmethod
    def _official_rules_hold(cls, value: Any, info: ValidationInfo) -> Any:
        name, dialect = info.field_name or "", info.data.get("dialect")
        if dialect is None and value is not None and name in cls.FILED:
            raise PydanticKnownError("extra_forbidden")
        if value is None and name in cls.MANDATORY and (dialect is None or (dialect == "portal" and name in cls.CODES)):
            raise PydanticKnownError("missing")
        if dialect is None and isinstance(value, str) and len(value) > cls.limit(name):
            raise PydanticKnownError("string_too_long", {"max_length": cls.limit(name)})
        paired = name.endswith("_fr") and name not in cls.MANDATORY
        if dialect is None and paired and (value is None) != (info.data.get(f"{name[:-3]}_en") is None):
            raise ValueError(
                "is written in both languages or in neither | s'écrit dans les deux langues ou dans aucune"
            )
        return value

    @classmethod
    def limit(cls, name: str) -> int:
        """The most characters the official schema allows in a text (`service_name_en`: 350)."""
        return cls.LIMITS.get(name.removesuffix("_en").removesuffix("_fr"), 2000)
