"""Reporting's database of a rig: emptied, or as it was when a copy of it was kept."""

import asyncio
from typing import Any

import asyncpg

from guichet.databases import Server
from guichet.local.postgres import Postgres
from guichet.system import System

_EMPTY = "reporting_empty"


def server(system: System) -> Server:
    """The rig's PostgreSQL, as its administrator reaches it."""
    return Postgres(system.home.path, system.home.postgres_passwords()).server


async def run_sql(dsn: str, *statements: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def one_value(dsn: str, statement: str) -> Any:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def checkpoint(system: System) -> None:
    """Dirty pages written out, so that nobody pays for what the one before has left."""
    await run_sql(_administrator(system), "checkpoint")


async def empty_database(system: System) -> str:
    """Reporting's database with its tables, and nothing in them; its address. The first call must find it so."""
    found = await one_value(_administrator(system), f"select count(*) from pg_database where datname = '{_EMPTY}'")
    if not found:
        await keep_copy(system, _EMPTY)
    await from_copy(system, _EMPTY)
    return system.database("reporting")


async def keep_copy(system: System, name: str) -> None:
    """Reporting's database as it is now, put away under a name."""
    await _alone(system, f"drop database if exists {name}", f"alter database reporting rename to {name}")


async def from_copy(system: System, name: str) -> None:
    """Reporting's database as it was when that copy was kept."""
    copy = f"create database reporting template {name} owner reporting_owner strategy file_copy"
    await _alone(system, "drop database if exists reporting", copy)
    await server(system).create("reporting")


async def _alone(system: System, *statements: str) -> None:
    """Statements for which nobody may be connected; whoever was ended takes a moment to be gone."""
    end = "select pg_terminate_backend(pid) from pg_stat_activity where datname like 'reporting%'"
    for tries in range(50):
        try:
            await run_sql(_administrator(system), end, *statements)
        except asyncpg.ObjectInUseError:
            if tries == 49:
                raise
            await asyncio.sleep(0.1)
        else:
            return


def _administrator(system: System) -> str:
    return server(system).dsn("postgres", "postgres")
