"""Verdicts that changed are published: by what was read since the last time, or by the passing of a day or of a version of the rules."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import orjson

from services.reporting import store
from services.reporting.domain.compliance import rule_version, rules_in_force
from services.reporting.domain.compliance.asking import Question, verdict_id
from services.reporting.domain.compliance.facts import Entry
from services.reporting.domain.compliance.verdict import Verdict
from services.reporting.handlers.judging import answers, shared_entries
from services.reporting.handlers.keeping import KeptFacts
from services.reporting.handlers.knowing import knowledge, with_decisions
from services.reporting.store.telling import Told
from shared.contracts.envelope import LogRestored
from shared.contracts.reporting import Judged, VerdictChanged
from shared.database import Connection
from shared.event_log import LogEntry, append
from shared.logs import log
from shared.organizations import organizations

TOPIC = "reporting.verdicts.v1"
_SELF = "/services/reporting"
Cause = tuple[str, str]  # source, event id


async def tell_changes(connection: Connection, day: date, kept: KeptFacts) -> int | None:
    """Judge every organisation that something new is known of, and append what changed to the log. In one transaction.

    What is known of them is kept. Returns how many verdicts changed; None while another worker is at it.
    """
    before = await store.told(connection)
    if before is None:
        return None
    known = await knowledge(connection, None)
    rules = rules_in_force(day)
    now = Told(known.cut.position or 0, day, rule_version(rules))
    decided = await store.asked_anew(connection)
    if now == before and not decided:
        return 0
    anew = (now.day, now.rule_version) != (before.day, before.rule_version)
    void = await store.last_void(connection, before.position, now.position)
    heard = await store.organizations_heard(connection, 0 if anew or void else before.position, now.position)
    heard = [each for each in sorted({*heard, *decided}) if each in organizations()]
    shared = await shared_entries(connection, known.cut) if heard else []
    await kept.read_on(connection, now.position)
    look = _Look(kept, shared, None if anew else before.position, void, frozenset(decided))
    changes: list[_Change] = []
    for org_id in heard:
        asked = Question(org_id, rules, day, await with_decisions(connection, known, org_id))
        changes += await _changes(connection, asked, look)
    await store.remember_told(connection, now)
    await _publish(connection, changes)
    return len(changes)


async def _publish(connection: Connection, changes: Sequence["_Change"]) -> None:
    """Each with the position of the log of what was read at which it stands: whoever reads live resumes from there."""
    if changes:
        position, moment = await store.take_positions(connection, 1) + 1, datetime.now(UTC)
        await append(connection, [_entry(each, position, moment) for each in changes], [])


@dataclass(frozen=True, slots=True)
class _Look:
    """What one telling goes by. Since which position of the log: since none where all is judged anew, as on another day."""

    kept: KeptFacts
    shared: Sequence[Entry]
    after: int | None
    void: store.VoidSpan | None
    decided: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Change:
    """A verdict that is not as it was told."""

    asked: Question
    found: Verdict
    before: Judged | None
    cause: Cause


async def _changes(connection: Connection, asked: Question, look: _Look) -> list[_Change]:
    """What is to be said of one organisation. Nothing, where all is as it was told, or where it cannot be judged: that holds
    up no other.
    """
    try:
        facts = await look.kept.of(connection, asked, look.shared)
        found = await asyncio.to_thread(answers, asked, facts)
    except (LookupError, ValueError, TypeError, AttributeError, ArithmeticError):
        log.exception("verdicts_not_judged", org_id=asked.org_id)
        return []
    told = {
        name: Judged.model_validate(row) for name, row in (await store.told_verdicts(connection, asked.org_id)).items()
    }
    changed = [each for each in found if told.get(each.requirement) != _said(each)]
    if not changed:
        return []
    await store.remember_verdicts(connection, asked.org_id, asked.rules, changed)
    cause = await _cause(connection, asked, look)
    return [_Change(asked, each, told.get(each.requirement), cause) for each in changed]


def _said(found: Verdict) -> Judged:
    numbers = {"numerator": found.numerator, "denominator": found.denominator, "excluded": found.excluded}
    return Judged.model_validate({"state": found.state, **numbers})


async def _cause(connection: Connection, asked: Question, look: _Look) -> Cause:
    """The newest event that was read of the organisation since, or the newest decision where one was made about it; else
    a service's word that it was restored, what several organisations share, or the day where all are judged anew.
    """
    value, until = None, asked.cut.position or 0
    if look.after is not None:
        value = await store.newest_evidence(connection, asked.org_id, look.after, until)
        if value is None and asked.org_id in look.decided:
            last = await store.last_decision(connection, asked.org_id)
            value = last and last[1]
        if value is None and look.void:
            word = LogRestored(after=look.void.after, until=look.void.until)
            return f"/services/{look.void.service}", word.event_id
        if value is None:
            value = await store.newest_shared(connection, look.after, until)
    if value is None:
        return _SELF, f"day-{asked.as_of}"
    envelope = orjson.loads(value)
    return envelope["causedbysource"], envelope["causedby"]


def _entry(change: _Change, position: int, moment: datetime) -> LogEntry:
    asked, found, (source, event_id) = change.asked, change.found, change.cause
    version = rule_version(asked.rules)
    data = VerdictChanged(
        requirement=found.requirement,
        rules=asked.rules,
        rule_version=version,
        as_of=asked.as_of,
        due_on=found.due_on,
        verdict_id=verdict_id(asked, found.requirement, version),
        before=change.before,
        after=_said(found),
        read_position=position,
    )
    subject = f"{asked.org_id}/{found.requirement}"
    return LogEntry(
        TOPIC, asked.org_id, "reporting", "VerdictChanged", asked.org_id, moment, source, event_id, data, subject
    )
