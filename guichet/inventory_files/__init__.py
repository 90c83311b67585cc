"""Official inventory files: read in both dialects of interfaces.md part 6, judged row by row, turned into events."""

from guichet.inventory_files.events import event
from guichet.inventory_files.reading import read, read_alone
from guichet.inventory_files.rows import Import, Row
from guichet.inventory_files.tables import UnreadableInventoryFile
from shared.official.findings import Finding, Severity

__all__ = ["Finding", "Import", "Row", "Severity", "UnreadableInventoryFile", "event", "read", "read_alone"]
