"""People behind cases: each with a key of their own, sealed by the service's. Who has none any more cannot be read."""

import base64
import os
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.database import Connection
from shared.encryption import Seal

# What of a case, a step and a message tells of its person.
_WORDS = {
    "feedback_case": "sealed_text = null, sealed_contact = null, essence = null, tracking_hash = null",
    "feedback_step": "sealed_resolution = null",
}


class Keyring:
    """The keys of some people; whoever was erased has none."""

    def __init__(self, seals: Mapping[bytes, Seal | None]) -> None:
        self._seals = seals

    def holds(self, person_id: bytes) -> bool:
        return self._seals.get(person_id) is not None

    def seal(self, person_id: bytes, plain: bytes, context: str) -> bytes | None:
        """None where the person was erased: nothing of theirs is kept any more."""
        seal = self._seals[person_id]
        return None if seal is None else seal.seal(plain, context)

    def open(self, person_id: bytes, sealed: bytes | None, context: str) -> bytes | None:
        seal = self._seals.get(person_id)
        return None if seal is None or sealed is None else seal.open(sealed, context)


async def keyring(connection: Connection, seal: Seal, people: Mapping[bytes, str]) -> Keyring:
    """The keys of people, by their ids and organisations; who is not known yet gets one."""
    known = await _known(connection, seal, people)
    if new := sorted(people.keys() - known.keys()):
        await connection.executemany(
            "insert into person (person_id, org_id, sealed_key) values ($1, $2, $3) on conflict do nothing",
            [(each, people[each], seal.seal(os.urandom(32), _context(each))) for each in new],
        )
        known = await _known(connection, seal, people)
    return Keyring(known)


async def open_keyring(connection: Any, seal: Seal, people: set[bytes]) -> Keyring:
    """The keys of people that are known, for reading."""
    return Keyring(await _known(connection, seal, dict.fromkeys(people, "")))


async def _known(connection: Any, seal: Seal, people: Mapping[bytes, str]) -> dict[bytes, Seal | None]:
    rows = await connection.fetch(
        "select person_id, sealed_key from person where person_id = any($1::bytea[])", list(people)
    )
    return {row["person_id"]: _open(seal, row["person_id"], row["sealed_key"]) for row in rows}


def _open(seal: Seal, person_id: bytes, sealed: bytes | None) -> Seal | None:
    if sealed is None:
        return None
    return Seal(base64.urlsafe_b64encode(seal.open(sealed, _context(person_id))).decode())


def _context(person_id: bytes) -> str:
    return f"person:{person_id.hex()}"


async def people_of_case(connection: Connection, org_id: str, feedback_id: str) -> list[bytes]:
    """Everyone behind a case: one, or two where its handling was reported before itself."""
    rows = await connection.fetch(
        "select person_id from feedback_case where org_id = $1 and feedback_id = $2 and person_id is not null "
        "union select person_id from feedback_step where org_id = $1 and feedback_id = $2 and person_id is not null",
        org_id,
        feedback_id,
    )
    return [row["person_id"] for row in rows]


async def cases_of_people(connection: Connection, org_id: str, people: list[bytes]) -> list[str]:
    rows = await connection.fetch(
        "select feedback_id from feedback_case where org_id = $1 and person_id = any($2::bytea[]) union "
        "select feedback_id from feedback_step where org_id = $1 and person_id = any($2::bytea[]) order by 1",
        org_id,
        people,
    )
    return [row["feedback_id"] for row in rows]


async def erase_people(
    connection: Connection, org_id: str, people: list[bytes], cases: list[str], now: datetime
) -> dict[str, int]:
    """Their keys first, then what was sealed by them; how many rows of each had something."""
    await connection.execute(
        "update person set sealed_key = null, erased_at = coalesce(erased_at, $2) where person_id = any($1::bytea[])",
        people,
        now,
    )
    removed = {
        "texts": await _count(connection, "feedback_case", "sealed_text is not null", org_id, cases),
        "contacts": await _count(connection, "feedback_case", "sealed_contact is not null", org_id, cases),
        "replies": await _count(connection, "feedback_step", "sealed_resolution is not null", org_id, cases),
    }
    for table, words in _WORDS.items():
        await connection.execute(
            f"update {table} set {words} where org_id = $1 and feedback_id = any($2::text[])", org_id, cases
        )
    deleted = await connection.execute(
        "delete from feedback_message where org_id = $1 and feedback_id = any($2::text[])", org_id, cases
    )
    return {**removed, "messages": int(deleted.split()[-1])}


async def _count(connection: Connection, table: str, what: str, org_id: str, cases: list[str]) -> int:
    return int(
        await connection.fetchval(
            f"select count(*) from {table} where org_id = $1 and feedback_id = any($2::text[]) and {what}",
            org_id,
            cases,
        )
    )


async def words_left(connection: Connection, org_id: str, cases: list[str]) -> int:
    """How many sealed words of these cases there still are."""
    return int(
        await connection.fetchval(
            "select (select count(*) from feedback_case where org_id = $1 and feedback_id = any($2::text[]) "
            "and (sealed_text is not null or sealed_contact is not null)) + (select count(*) from feedback_step "
            "where org_id = $1 and feedback_id = any($2::text[]) and sealed_resolution is not null) + "
            "(select count(*) from feedback_message where org_id = $1 and feedback_id = any($2::text[]))",
            org_id,
            cases,
        )
    )


async def note_erasure(
    connection: Connection, erasure_id: str, org_id: str, asked_by: str, now: datetime, removed: Mapping[str, int]
) -> None:
    await connection.execute(
        "insert into erasure (erasure_id, org_id, asked_by, erased_at, removed) values ($1, $2, $3, $4, $5)",
        erasure_id, org_id, asked_by, now, dict(removed),
    )  # fmt: skip


async def forget_texts(
    connection: Connection, anonymous_before: datetime, cases_before: datetime, most: int
) -> list[tuple[str, str]]:
    """Remove the words of ended cases whose time has come: sooner where nobody wanted a reply. Which cases those were."""
    rows = await connection.fetch(
        "update feedback_case b set sealed_text = null, sealed_contact = null, essence = null, texts_forgotten_at = now() "
        "from (select org_id, feedback_id from feedback_case where texts_forgotten_at is null and ended_at is not null "
        "and ended_at < case when reply_wanted or sealed_contact is not null then $2::timestamptz else $1::timestamptz end "
        "order by ended_at limit $3 for update skip locked) a "
        "where b.org_id = a.org_id and b.feedback_id = a.feedback_id returning b.org_id, b.feedback_id",
        anonymous_before,
        cases_before,
        most,
    )
    keys = [(row["org_id"], row["feedback_id"]) for row in rows]
    for statement in (
        "update feedback_step set sealed_resolution = null where org_id = $1 and feedback_id = $2",
        "delete from feedback_message where org_id = $1 and feedback_id = $2",
    ):
        await connection.executemany(statement, keys)
    return keys
