"""The event an imported row is sent as."""

import hashlib
import json
from typing import Any

from guichet.inventory_files.rows import Row
from shared.contracts.envelope import type_name


def event(row: Row) -> dict[str, Any]:
    """The CloudEvent of a row; a file imported again gives the same ids. Raises ValueError for a rejected row."""
    if row.data is None:
        raise ValueError(f"{row.file}, line {row.line}: a rejected row is no event")
    data = row.data.model_dump(mode="json", exclude_none=True)
    canonical = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(canonical.encode()).hexdigest()[:16]
    return {
        "specversion": "1.0",
        "id": "-".join(("import", *row.key, digest)),
        "source": f"/organizations/{row.org_id}/inventory-import",
        "type": type_name("inventory", type(row.data).__name__),
        "subject": row.key[-1],
        "time": f"{row.data.fiscal_year[:4]}-04-01T00:00:00Z",
        "datacontenttype": "application/json",
        "data": data,
    }
