"""People behind cases: each with a key of their own, sealed by the service's. Who has none any more cannot be read."""

import base64
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidTag

from shared.contracts.reported.feedback import RECOURSES
from shared.database import Connection
from shared.encryption import Seal


class Keyring:
    """The keys of some people; whoever was erased has none."""

    def __init__(self, seals: Mapping[bytes, Seal | None], master: Seal) -> None:
        self._seals, self._master = seals, master

    def holds(self, person_id: bytes) -> bool:
        return self._seals.get(person_id) is not None

    def seal(self, person_id: bytes, plain: bytes, context: str) -> bytes | None:
        """None where the person was erased: nothing of theirs is kept any more."""
        seal = self._seals[person_id]
        return None if seal is None else seal.seal(plain, context)

    def open(self, person_id: bytes | None, sealed: bytes | None, context: str) -> str | None:
        """What was sealed by a person's key; or, before people had keys, by the service's."""
        if sealed is None or (person_id is not None and not self.holds(person_id)):
            return None
        seal = self._master if person_id is None else self._seals[person_id]
        assert seal is not None  # noqa: S101 - as said
        try:
            return seal.open(sealed, context).decode()
        except InvalidTag:
            return self._master.open(sealed, context).decode()


async def keyring(connection: Connection, seal: Seal, people: Mapping[bytes, str]) -> Keyring:
    """The keys of people, by their ids and organisations, to write with: who is not known yet gets one. Nobody of them is
    erased before this transaction ends.
    """
    await connection.executemany(
        "insert into person (person_id, org_id, sealed_key) values ($1, $2, $3) on conflict do nothing",
        [(each, people[each], seal.seal(os.urandom(32), _context(each))) for each in sorted(people)],
    )
    return Keyring(await _known(connection, seal, list(people), " for share"), seal)


async def open_keyring(connection: Any, seal: Seal, people: set[bytes]) -> Keyring:
    """The keys of people that are known, for reading."""
    return Keyring(await _known(connection, seal, list(people), ""), seal)


async def _known(connection: Any, seal: Seal, people: Sequence[bytes], lock: str) -> dict[bytes, Seal | None]:
    rows = await connection.fetch(
        f"select person_id, sealed_key from person where person_id = any($1::bytea[]) order by person_id{lock}", people
    )
    return {row["person_id"]: _open(seal, row["person_id"], row["sealed_key"]) for row in rows}


def _open(seal: Seal, person_id: bytes, sealed: bytes | None) -> Seal | None:
    if sealed is None:
        return None
    return Seal(base64.urlsafe_b64encode(seal.open(sealed, _context(person_id))).decode())


def _context(person_id: bytes) -> str:
    return f"person:{person_id.hex()}"


async def cases_of_contact(connection: Connection, org_id: str, feedback_id: str) -> list[str]:
    """An organisation's cases that left the same contact as one of them, that one among them."""
    rows = await connection.fetch(
        "select o.feedback_id from feedback_case o join feedback_case c on c.org_id = o.org_id and c.contact_hash = o.contact_hash "
        "where c.org_id = $1 and c.feedback_id = $2 order by 1",
        org_id,
        feedback_id,
    )
    return [row["feedback_id"] for row in rows] or [feedback_id]


async def erase_people(
    connection: Connection, org_id: str, people: list[bytes], cases: list[str], now: datetime
) -> dict[str, int]:
    """Their keys first, which waits for whoever writes by them; then what was sealed by them. How many rows had something."""
    await connection.execute(
        "insert into person (person_id, org_id, erased_at) select id, $2, $3 from unnest($1::bytea[]) as a (id) order by id "
        "on conflict (person_id) do update set sealed_key = null, erased_at = coalesce(person.erased_at, excluded.erased_at)",
        people,
        org_id,
        now,
    )
    removed = {
        "texts": await _count(connection, "feedback_case", "sealed_text is not null", org_id, cases),
        "contacts": await _count(connection, "feedback_case", "sealed_contact is not null", org_id, cases),
        "replies": await _count(connection, "feedback_step", "sealed_resolution is not null", org_id, cases),
    }
    await connection.execute(
        "update feedback_case set sealed_text = null, sealed_contact = null, contact_hash = null, essence = null, "
        "tracking_hash = null where org_id = $1 and feedback_id = any($2::text[])",
        org_id,
        cases,
    )
    await connection.execute(
        "update feedback_step set sealed_resolution = null, redirected_to = case when redirected_to = any($3::text[]) "
        "then redirected_to end where org_id = $1 and feedback_id = any($2::text[])",
        org_id,
        cases,
        list(RECOURSES),
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
    """Remove the words of ended cases whose time has come: sooner where nobody wanted a reply. Which cases those were.

    A case that is not told any more, or never was, ends with its last change; what is written later is forgotten later.
    """
    rows = await connection.fetch(
        "update feedback_case b set sealed_text = null, sealed_contact = null, contact_hash = null, essence = null, "
        "texts_forgotten_at = now() from (select org_id, feedback_id from feedback_case "
        "where (texts_forgotten_at is null or changed_at > texts_forgotten_at) "
        "and coalesce(ended_at, case when kind is null then changed_at end) "
        "< case when reply_wanted or sealed_contact is not null then $2::timestamptz else $1::timestamptz end "
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
