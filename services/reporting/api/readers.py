"""People with a role who read of organisations: their own, or all."""

from typing import Final

from fastapi import Depends, Request

from shared.access import May
from shared.identity import Person, caller
from shared.problems import Refused, problem

READER: Final = Depends(May("officer", "deputy_head", "oversight", "auditor", "operator"))


async def readable_org(request: Request, org: str | None) -> str | None:
    """The organisation of which the caller may read; None: of all. Raises Refused."""
    found = await caller(request)
    if isinstance(found, Person):
        org = org if found.reads_all else org or found.org_id
        if found.may_read(org):
            return org
    raise Refused(
        problem(
            "forbidden",
            "Officers and deputy heads read of their own organisation.",
            "Les agents et les administrateurs généraux lisent ce qui concerne leur propre organisation.",
        )
    )
