"""The rows of an import and what became of them."""

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any, Literal

from guichet.inventory_files.tables import Kind
from shared.contracts.reported.inventory import ServiceReported, ServiceStandardReported
from shared.official.findings import Finding, Remark

Outcome = Literal["imported", "unchanged", "rejected"]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file. `key` is (fiscal year, service id[, standard id]); `data` is None when the row is rejected."""

    file: str
    line: int
    kind: Kind
    org_id: str | None
    key: tuple[str, ...]
    data: ServiceReported | ServiceStandardReported | None
    outcome: Outcome
    findings: tuple[Finding, ...] = ()

    def found(self, remark: Remark) -> Finding:
        """What a remark says about this row."""
        service_id, standard_id = (*self.key[1:], None, None)[:2]
        return Finding(
            severity=remark.severity,
            code=remark.code,
            field=remark.field,
            text=remark.text,
            rejected=remark.rejects,
            file=self.file,
            line=self.line,
            org_id=self.org_id,
            service_id=service_id or None,
            service_standard_id=standard_id or None,
        )


@dataclass(frozen=True, slots=True)
class Import:
    """Every row read, services before standards, otherwise in the order of the files."""

    rows: tuple[Row, ...]

    @property
    def to_send(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.outcome == "imported")

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(finding for row in self.rows for finding in row.findings)

    def count(self, outcome: Outcome) -> int:
        return Counter(row.outcome for row in self.rows)[outcome]

    def as_dict(self) -> dict[str, Any]:
        """`{"rows", "imported", "unchanged", "rejected", "findings"}`, ready for JSON."""
        findings = [{**asdict(finding), "text": finding.text.model_dump()} for finding in self.findings]
        outcomes: tuple[Outcome, ...] = ("imported", "unchanged", "rejected")
        return {"rows": len(self.rows), **{each: self.count(each) for each in outcomes}, "findings": findings}
