"""One line of a table becomes a row: accepted with its data, or rejected with every reason."""

from types import ModuleType
from typing import Any

from pydantic import ValidationError

from guichet.inventory_files import collection, portal
from guichet.inventory_files.columns import Column, RefusedCell, fiscal_year
from guichet.inventory_files.rows import Row
from guichet.inventory_files.tables import Line, Table
from shared.contracts.reported.inventory import ServiceReported, ServiceStandardReported
from shared.official.checks import texts_and_codes
from shared.official.findings import Remark
from shared.problems import first_problem


def judge(table: Table, line: Line) -> Row:
    """The row of one line, before it is compared with the others."""
    dialect = portal if table.dialect == "portal" else collection
    key, remarks = _key(table, line, dialect)
    organization = dialect.organization(line.cells)
    if organization is None:
        remarks.append(Remark("unknown_organization", "owner_org", {"value": dialect.organization_name(line.cells)}))
    data: dict[str, Any] = {"dialect": table.dialect, "fiscal_year": key[0], "service_id": key[1]}
    if table.kind == "standard":
        data["service_standard_id"] = key[2]
    remarks += _fill(data, table, line, dialect)
    model = None if any(remark.rejects for remark in remarks) else _model(table, data, remarks)
    org_id = organization.org_id if organization else None
    row = Row(table.file, line.number, table.kind, org_id, key, model, "imported" if model else "rejected")
    return with_remarks(row, remarks)


def with_remarks(row: Row, remarks: list[Remark]) -> Row:
    """The row with more findings; one that refuses it takes its data away."""
    findings = row.findings + tuple(row.found(remark) for remark in remarks)
    if any(remark.rejects for remark in remarks):
        return Row(row.file, row.line, row.kind, row.org_id, row.key, None, "rejected", findings)
    return Row(row.file, row.line, row.kind, row.org_id, row.key, row.data, row.outcome, findings)


def _key(table: Table, line: Line, dialect: ModuleType) -> tuple[tuple[str, ...], list[Remark]]:
    fields = {"fiscal_yr": "fiscal_year", "service_id": "service_id"}
    if table.kind == "standard":
        fields[dialect.STANDARD_ID] = "service_standard_id"
    key = tuple(line.cells.get(name, "").strip() for name in fields)
    remarks = [Remark("no_key", field) for field, value in zip(fields.values(), key, strict=True) if not value]
    try:
        fiscal_year(key[0])
    except RefusedCell as refused:
        remarks.append(refused.about("fiscal_year"))
    return key, remarks


def _fill(data: dict[str, Any], table: Table, line: Line, dialect: ModuleType) -> list[Remark]:
    remarks = [Remark("surplus_cells")] if line.surplus else []
    columns: tuple[Column, ...] = dialect.SERVICE if table.kind == "service" else dialect.STANDARD
    for column in columns:
        field = column.field or column.name
        try:
            value = column.read(line.cells.get(column.name, ""))
        except RefusedCell as refused:
            remarks.append(refused.about(field))
            continue
        if column.field:
            data[column.field] = value
    finish = dialect.finish_service if table.kind == "service" else dialect.finish_standard
    try:
        return remarks + list(finish(data, line.cells))
    except RefusedCell as refused:
        return [*remarks, refused.about("target")]


def _model(
    table: Table, data: dict[str, Any], remarks: list[Remark]
) -> ServiceReported | ServiceStandardReported | None:
    contract = ServiceReported if table.kind == "service" else ServiceStandardReported
    try:
        model = contract.model_validate(data)
    except ValidationError as error:
        remarks.append(_refused_by_contract(error, data))
        return None
    remarks += texts_and_codes(model, frozenset(data))
    return model


def _refused_by_contract(error: ValidationError, data: dict[str, Any]) -> Remark:
    found = first_problem(error)
    field = found.field or ""
    if field in {"service_id", "service_standard_id"}:
        return Remark("malformed_key", field, {"value": data[field]})
    return Remark("invalid_value", field, {"problem": error.errors()[0]["msg"]})
