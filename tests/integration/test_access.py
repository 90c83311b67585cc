"""Endpoint x caller x organisation: every endpoint of every service says who may call it, and holds to it."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import aiohttp
import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey

from guichet import keys, revoking
from guichet.client import Services
from guichet.home import SERVICES
from guichet.tokens import ISSUER, ROLES, token
from shared.testing import eventually, feedback_event, status_event

OWN, OTHER = "9001", "9002"


@dataclass(frozen=True)
class Caller:
    """Who calls: the headers that say so, which kind of caller that is, and of which organisation."""

    headers: dict[str, str]
    kind: str
    org_id: str | None = None


def bearer(value: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {value}"}


@pytest.fixture(scope="module")
async def callers(services: Services) -> dict[str, Caller]:
    home = services.home
    found = {
        f"{role} of {org}": Caller(bearer(token(home, role, [role], org)), role, org)
        for role, org in product(ROLES, (OWN, OTHER))
    }
    for org in (OWN, OTHER):
        found[f"department {org}"] = Caller(bearer((await keys.create(services, org))["key"]), "department", org)
    return {
        **found,
        "nobody": Caller({}, "nobody"),
        "client": Caller(bearer(token(home, "client-of-9001")), "client"),
        "another client": Caller(bearer(token(home, "somebody-else")), "client"),
        "a role that is none": Caller(bearer(token(home, "x", ["minister"], OWN)), "stranger"),
    }


@pytest.fixture(scope="module")
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as found:
        yield found


async def documents(services: Services) -> dict[str, Any]:
    return {service: await services.ask(service, "/openapi.json", public=True) for service in SERVICES}


Endpoint = tuple[str, str, str, frozenset[str]]  # service, method, path, who may call it


async def endpoints(services: Services) -> list[Endpoint]:
    return [
        (service, method.upper(), path, frozenset(operation["x-who-may-call"]))
        for service, document in (await documents(services)).items()
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]


def address(path: str, org_id: str | None) -> str:
    """A path with something in each of its places: of an organisation, the caller's own."""
    own = path.replace("{org_id}", org_id or OWN)
    return re.sub(r"\{(\w+)(:path)?\}", lambda place: "1" if place[1].endswith("_id") else "x", own)


def passes(who: frozenset[str], kind: str) -> bool:
    """Whether a kind of caller gets as far as the endpoint's own code."""
    return "anyone" in who or kind in who


async def status(session: aiohttp.ClientSession, services: Services, endpoint: Endpoint, caller: Caller) -> int:
    service, method, path, _ = endpoint
    async with session.request(
        method, services.url(service) + address(path, caller.org_id), headers=caller.headers
    ) as answer:
        if "event-stream" not in answer.headers.get("Content-Type", ""):
            await answer.read()
        return answer.status


def refusal(service: str, caller: Caller) -> int:
    """What is answered to someone who may not: reporting keeps no keys, so it knows no department by one."""
    unknown = caller.kind == "nobody" or (caller.kind == "department" and service == "reporting")
    return 401 if unknown else 403


async def test_every_endpoint_lets_pass_who_it_names_and_refuses_everybody_else(
    services: Services, session: aiohttp.ClientSession, callers: dict[str, Caller]
) -> None:
    wrong = []
    listed = await endpoints(services)
    assert len(listed) > 60
    for endpoint, (name, caller) in product(listed, callers.items()):
        if endpoint[1] == "DELETE" and caller.kind == "operator":
            continue  # what an operator deletes is tried where keys and dead letters are
        found = await status(session, services, endpoint, caller)
        who = endpoint[3]
        if "tracking" in who and caller.kind == "nobody":
            good = found in {401, 404}  # whether a cookie opens it is for the endpoint to see
        elif passes(who, caller.kind):
            # Whose things, the endpoint judges itself (below); a public one may still look at who asks.
            good = found not in {401, 403} or ("anyone" in who and found == refusal(endpoint[0], caller) == 401)
        else:
            good = found == refusal(endpoint[0], caller)
        if not good or found >= 500:
            wrong.append((name, endpoint, found))
    assert wrong == []


@pytest.mark.parametrize("service", SERVICES)
async def test_nobody_s_and_spoiled_credentials_open_nothing(
    service: str, services: Services, session: aiohttp.ClientSession
) -> None:
    listed = [each for each in await endpoints(services) if each[0] == service and "anyone" not in each[3]]
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": "guichet",
        "sub": "x",
        "iat": now,
        "exp": now + 600,
        "roles": list(ROLES),
        "org": OWN,
    }
    stranger = OKPKey.generate_key("Ed25519", {"kid": services.home.issuer_key().kid})

    def signed(key: OKPKey, **changes: Any) -> str:
        return jwt.encode({"alg": "Ed25519", "kid": key.kid}, {**claims, **changes}, key, algorithms=["Ed25519"])

    issuer = services.home.issuer_key()
    spoiled = [
        bearer("gk_0123456789ab_" + "A" * 43),
        bearer(signed(stranger)),
        bearer(signed(issuer, exp=now - 1)),
        bearer(signed(issuer, iss="another")),
        bearer(signed(issuer, aud="another")),
        bearer("nonsense"),
        {"Authorization": "Basic b3BlcmF0b3I6b3BlcmF0b3I="},
        {"Authorization": "Bearer"},
    ]
    for endpoint, headers in product(listed, spoiled):
        found = await status(session, services, endpoint, Caller(headers, "nobody"))
        assert found == 401, endpoint


async def test_every_route_that_is_served_is_listed_with_who_may_call_it(services: Services) -> None:
    """Where an endpoint says nothing the service does not start; what is listed names kinds of callers that exist."""
    for service, document in (await documents(services)).items():
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                who = set(operation["x-who-may-call"])
                assert who, (service, method, path)
                assert who <= {"anyone", "department", "client", "tracking", *ROLES}, (service, method, path)
                assert ("security" in operation) is ("anyone" not in who), (service, method, path)


# Whose things


@pytest.fixture(scope="module")
async def things(services: Services, session: aiohttp.ClientSession, callers: dict[str, Caller]) -> str:
    """An application and a case of one organisation, of one client."""
    name = f"access-{time.time_ns()}"
    key = callers[f"department {OWN}"].headers["Authorization"].removeprefix("Bearer ")
    application = status_event(OWN, name, "submitted", client_id="client-of-9001")
    await services.send("status", key, [orjson.dumps(application)])
    await services.send("feedback", key, [orjson.dumps(feedback_event(OWN, name, "complaint", text="Too slow."))])
    return name


READS_ALL = {"oversight", "auditor", "operator"}


async def test_an_application_is_seen_by_its_department_its_client_and_roles_and_is_not_there_for_anybody_else(
    services: Services, session: aiohttp.ClientSession, callers: dict[str, Caller], things: str
) -> None:
    for name, caller in callers.items():
        of_it = caller.org_id == OWN and caller.kind in {"department", "officer", "deputy_head"}
        sees = of_it or caller.kind in READS_ALL or name == "client"
        refused = {"nobody": 401, "stranger": 403}.get(caller.kind, 404)
        url = f"{services.url('status')}/v1/applications/{things}"
        async with session.get(url, headers=caller.headers) as answer:
            assert answer.status == (200 if sees else refused), name
        async with session.get(f"{services.url('status')}/v1/applications", headers=caller.headers) as answer:
            listed = [each["application_id"] for each in (await answer.json()).get("items", ())]
            if caller.kind not in READS_ALL:  # theirs is a long list
                assert (things in listed) is sees or (of_it and listed), name


async def test_a_case_is_read_by_officers_of_its_organisation_and_those_who_read_everything(
    services: Services, session: aiohttp.ClientSession, callers: dict[str, Caller], things: str
) -> None:
    for name, caller in callers.items():
        own = caller.org_id == OWN and caller.kind in {"officer", "deputy_head"}
        others = caller.org_id == OTHER and caller.kind in {"officer", "deputy_head"}
        wanted = 200 if own or caller.kind in READS_ALL else 404 if others else 401 if caller.kind == "nobody" else 403
        async with session.get(f"{services.url('feedback')}/v1/cases/{things}", headers=caller.headers) as answer:
            assert answer.status == wanted, name


async def test_other_windows_are_read_by_roles_of_that_organisation(
    services: Services, session: aiohttp.ClientSession, callers: dict[str, Caller]
) -> None:
    url = f"{services.url('reporting')}/v1/performance"
    for name, caller in callers.items():
        may = caller.kind in READS_ALL or (caller.org_id == OWN and caller.kind in {"officer", "deputy_head"})
        query = {"window": "2026-01-01/2026-02-01", "org": OWN}
        async with session.get(url, headers=caller.headers, params=query) as answer:
            assert answer.status == (200 if may else refusal("reporting", caller)), name
        async with session.get(url, headers=caller.headers, params={"window": "28d"}) as answer:
            assert answer.status == 200, name


async def test_a_department_looks_up_its_own_receipts_alone(
    services: Services, session: aiohttp.ClientSession, callers: dict[str, Caller], things: str
) -> None:
    for org, wanted in ((OWN, 200), (OTHER, 404)):
        url = f"{services.url('status')}/v1/receipts/{things}-1"
        async with session.get(url, headers=callers[f"department {org}"].headers) as answer:
            assert answer.status == wanted


# What a key opens


async def test_a_key_opens_the_services_it_was_made_for_and_is_told_so_elsewhere(
    services: Services, session: aiohttp.ClientSession, unique: str
) -> None:
    made = await keys.make(services, keys.Scope(OWN, ["status"]))
    event = orjson.dumps(status_event(OWN, unique, "submitted"))
    for service, wanted in (("status", 202), ("feedback", 403), ("inventory", 403)):
        headers = {**bearer(made["key"]), "Content-Type": "application/cloudevents+json"}
        async with session.post(f"{services.url(service)}/v1/events", data=event, headers=headers) as answer:
            assert answer.status == wanted
            if wanted == 403:
                assert "it opens status" in (await answer.json(content_type=None))["detail"]


async def test_a_key_that_may_only_report_reads_nothing_and_one_that_may_only_read_reports_nothing(
    services: Services, session: aiohttp.ClientSession, unique: str
) -> None:
    event = orjson.dumps(status_event(OWN, unique, "submitted"))
    for action, reported, read in (("report", 202, 403), ("read", 403, 200)):
        headers = bearer((await keys.make(services, keys.Scope(OWN, ["status"], [action])))["key"])
        kind = {"Content-Type": "application/cloudevents+json"}
        async with session.post(
            f"{services.url('status')}/v1/events", data=event, headers={**headers, **kind}
        ) as answer:
            assert answer.status == reported
        async with session.get(f"{services.url('status')}/v1/applications", headers=headers) as answer:
            assert answer.status == read


async def test_a_key_is_rotated_without_a_gap_and_the_old_one_ends_with_the_overlap(
    services: Services, session: aiohttp.ClientSession
) -> None:
    async def opens(key: str) -> bool:
        async with session.get(f"{services.url('status')}/v1/applications", headers=bearer(key)) as answer:
            return answer.status == 200

    old = await keys.make(services, keys.Scope(OWN, ["status"]))
    new = await keys.rotate(services, old["id"], keys.lasting("1h"))
    assert await opens(old["key"])
    assert await opens(new["key"])
    newest = await keys.rotate(services, new["id"], keys.lasting("1s"))
    await eventually(lambda: opens(new["key"]), lambda open_: not open_)
    assert await opens(newest["key"])
    listed = {row["id"]: row for row in (await keys.found(services))[0]}
    assert [listed[each["id"]]["state"] for each in (old, new, newest)] == ["live", "expired", "live"]
    assert listed[newest["id"]]["services"] == ["status"]
    # Kafka knows no expiry: the login of a key that has expired is ended by hand of ours.
    # The system prunes by itself every few seconds too, so whoever comes first ends it; here none may be left to end.
    await revoking.prune(services)
    assert not await asyncio.to_thread(keys.administrator(services).expel, [new["id"]])


async def test_the_key_that_follows_one_that_was_to_expire_expires_too(services: Services) -> None:
    month = datetime.now(UTC) + timedelta(days=30)
    old = await keys.make(services, keys.Scope(OWN, ["status"], expires_at=month))
    new = await keys.rotate(services, old["id"], keys.lasting("0s"))
    listed = {row["id"]: row for row in (await keys.found(services))[0]}
    assert listed[old["id"]]["state"] == "expired"
    assert abs(datetime.fromisoformat(listed[new["id"]]["expires_at"]) - month) < timedelta(minutes=5)


async def test_a_revoked_key_opens_nothing_from_then_on(services: Services, session: aiohttp.ClientSession) -> None:
    made = await keys.create(services, OWN)
    url = f"{services.url('status')}/v1/applications"
    async with session.get(url, headers=bearer(made["key"])) as answer:
        assert answer.status == 200
    await revoking.revoke(services, made["id"])
    async with session.get(url, headers=bearer(made["key"])) as answer:
        assert answer.status == 401


async def test_a_key_is_kept_as_a_keyed_hash_alone(services: Services, system: Any) -> None:
    made = await keys.create(services, OWN)
    secret = made["key"].rpartition("_")[2]
    assert secret not in orjson.dumps(await services.ask("status", "/v1/keys")).decode()
