"""What people do at the services of the fifth department: each act is answered once it is done, and then is in a log once."""

import random
from datetime import UTC, datetime
from functools import partial
from typing import Any

from guichet.tokens import token
from services.reporting.domain.compliance.years import fiscal_year, year_before
from services.reporting.domain.oversight import STEPS
from tests.faults.departments import ORGANIZATIONS, THOROUGH, services_of, words
from tests.faults.rig import Rig

_STANDARD = f"{services_of(THOROUGH)[0]}-1"
_OFFICERS = f"/organizations/{THOROUGH}/officers"


class People:
    """Officers, a deputy head and oversight; whom they ask may end meanwhile, and then they do not know whether it was done."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._officer = token(rig.system.home, "officer", ["officer"], THOROUGH)
        self._overseer = token(rig.system.home, "overseer", ["oversight"])
        self.acts = (
            self._confirm_measure,
            self._write,
            self._put_right,
            partial(self._erase, same_contact=True),
            partial(self._erase, same_contact=False),
            self._sign,
            self._act,
            self._oversee,
            self._follow,
        )

    async def _ask(
        self, method: str, service: str, path: str, body: Any = None, *, bearer: str = "", if_match: str = "*"
    ) -> dict[str, Any]:
        """The answer of what was done; empty where it was refused."""
        status, found = await self._rig.ask(
            method, service, path, body, bearer=bearer or self._officer, if_match=if_match
        )
        return dict(found) if status < 300 else {}

    async def _confirm_measure(self) -> None:
        measure = {"limit": f"P{random.randrange(2, 40)}D", "days": "business"}
        path = f"/v1/standards/{_STANDARD}/measure?service={services_of(THOROUGH)[0]}"
        await self._ask("PUT", "inventory", path, measure)

    async def _some_case(self) -> str | None:
        found = await self._ask("GET", "feedback", "/v1/cases?limit=200")
        return random.choice(found["items"])["feedback_id"] if found.get("items") else None

    async def _write(self) -> None:
        if case := await self._some_case():
            await self._ask("POST", "feedback", f"/v1/cases/{case}/messages", {"text": words()["en"]})

    async def _put_right(self) -> None:
        """What was guessed of a case: that it is of concern, or spam, or says the same as another."""
        if case := await self._some_case():
            group = random.choice((None, await self._some_case()))
            await self._ask(
                "PATCH", "feedback", f"/v1/cases/{case}", {"concern_seen": True, "spam": False, "group": group}
            )

    async def _erase(self, *, same_contact: bool) -> None:
        if case := await self._some_case():
            body = {"feedback_id": case, "same_contact": same_contact}
            if done := await self._ask("POST", "feedback", "/v1/erasures", body):
                self._rig.history.acts["feedback", (_OFFICERS, done["erasure_id"])] = len(done["cases"])

    async def _sign(self) -> None:
        """For the present year or the one before, which a verdict is about; once."""
        body, this = random.choice(ORGANIZATIONS), fiscal_year(datetime.now(UTC).date())
        year = random.choice((this, year_before(this)))
        bearer = token(self._rig.system.home, "deputy-head", ["deputy_head"], body)
        said = {"fiscal_year": year, "note": words()}
        self._decided(
            body,
            "confirmation",
            "fiscal_year",
            await self._ask("POST", "reporting", "/v1/confirmations", said, bearer=bearer),
        )

    async def _act(self) -> None:
        """A corrective action is opened, and changed."""
        said = {"requirement": "7.3", "title": words(), "owner": words(), "due_on": "2027-04-01"}
        opened = await self._ask("POST", "reporting", "/v1/corrective-actions", said)
        self._decided(THOROUGH, "action", "action_id", opened)
        if opened:
            ended = {**said, "action_id": opened["action_id"], "state": "cancelled", "reason": words()}
            changed = await self._ask(
                "POST", "reporting", "/v1/corrective-actions", ended, if_match=f'"{opened["version"]}"'
            )
            self._decided(THOROUGH, "action", "action_id", changed)

    async def _oversee(self) -> None:
        """Whatever step may follow the ones before; most may not."""
        body = random.choice(ORGANIZATIONS)
        said = {"org_id": body, "requirement": random.choice(("7.1", "7.2", "7.3")), "step": random.choice(STEPS)}
        taken = await self._ask(
            "POST", "reporting", "/v1/oversight/steps", {**said, "reason": words()}, bearer=self._overseer
        )
        self._decided(body, "step", "step_id", taken)

    async def _follow(self) -> None:
        """Oversight follows reporting's stream from its beginning, for as long as anyone waits for an answer."""
        await self._rig.ask("GET", "reporting", "/v1/stream?last_event_id=1", bearer=self._overseer)

    def _decided(self, org_id: str, kind: str, name: str, answer: dict[str, Any]) -> None:
        if answer:
            identity = f"/organizations/{org_id}/decisions", f"{kind}-{answer[name]}-{answer['version']}"
            self._rig.history.acts["reporting", identity] = 1
