"""How what is tailed is written: for people in words, with colours on a terminal; for programs as one JSON object a line."""

import json
import os
import sys
from typing import Any, Literal

from guichet.output import language
from guichet.tailing.lines import Line
from shared.plain_text import plain

Shape = Literal["text", "json"]

# The events of docs/logs.md, in a few words.
WORDS = {
    "service_started": "has started",
    "service_stopped": "has stopped in order",
    "migration_applied": "brought its database forward",
    "migrations_missing": "does not start: its database lacks migrations",
    "partition_not_made": "could not make a month's partition",
    "retention_applied": "removed what its time had come for",
    "housekeeping_retried": "could not reach the database for its daily round; tries again",
    "part_failed": "ends: a part of it has failed",
    "jwks_not_read": "could not read the issuer's keys; goes on with those it has",
    "kafka_unreachable": "does not reach Kafka; tries again",
    "predecessor_left": "left a consumer group for the process that was here before",
    "predecessor_not_found": "could not look for the process that was here before",
    "assignment_retried": "could not look up where to read on; tries again",
    "batch_retried": "rolled a batch back, and reads it again",
    "kafka_log_shorter": "found Kafka's log shorter than what it had read",
    "topics_refilled": "found that Kafka had lost records, and publishes all of its log again",
    "log_restored": "was restored from a backup, and goes on above whatever was published",
    "log_forked": "has other entries than its topics since a restore, and stands still",
    "log_taken_back": "took back what a restored service does not know any more",
    "kafka_log_gap": "missed records that Kafka kept no longer",
    "department_topics_made": "made the departments' topics again",
    "consumers_gave_up": "lost a consumer from its group; all of them start anew",
    "relay_retried": "could not publish; goes on from where it was",
    "rejections_not_sent": "could not tell departments on Kafka what was refused",
    "door_unavailable": "could not record; senders were answered 503",
    "events_recorded": "answered reported events",
    "events_rejected": "rejected events",
    "events_published": "published",
    "records_taken": "took records",
    "event_set_aside": "set an event aside: a fault of ours",
    "records_unreadable": "set records aside: they are no events of ours",
    "dead_letters_full": "keeps no more of what it refuses of one organisation: 10,000 letters wait",
    "dead_letter_opened": "showed a dead letter to an operator",
    "dead_letter_replayed": "judged a dead letter again",
    "dead_letter_dropped": "dropped a dead letter",
    "measuring_retried": "could not measure applications again just now; tries again",
    "measured_again": "has measured applications again",
    "claiming_retried": "could not look for notifications to send; tries again",
    "deliveries_retried": "could not record what became of notifications; tries again",
    "channel_refused": "cannot send by one channel: what sends for us refuses",
    "delivery_faulted": "could not send a notification: a fault of ours",
    "subscription_suspended": "holds back the notifications of a subscription: they fail for days",
    "subscription_ended": "ended a subscription: its receiver is gone",
    "deliveries_forgotten": "removed notifications whose time had come",
    "rebuild_begun": "makes its views anew, beside the live ones",
    "rebuild_ended": "has made its views anew",
    "rebuild_failed": "could not make its views anew; the live ones are as they were",
    "rebuild_abandoned": "found views half made anew, and dropped them",
    "kafka_read_again": "read its topics again from their first record",
    "log_published_again": "publishes its log again, as it was asked",
    "verdicts_changed": "told of verdicts that changed",
    "verdicts_not_judged": "could not judge an organisation: a fault of ours",
    "verdicts_retried": "could not look for changed verdicts; tries again",
    "case_of_concern": "found words that an officer should look at at once",
    "case_read": "showed somebody what a client wrote",
    "cases_due": "has other overdue cases than before",
    "person_erased": "erased a person",
    "texts_forgotten": "removed what clients wrote in cases whose time had come",
    "stream_retried": "could not read changed figures for the stream; tries again",
    "library_message": "says",
}

_COLOURS = {"debug": "2", "warning": "33", "error": "31", "critical": "31;1", "time": "2", "service": "36"}


def coloured(text: str, colour: str) -> str:
    """On a terminal, and only where NO_COLOR (no-color.org) does not say otherwise."""
    wanted = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    code = _COLOURS.get(colour)
    return f"\x1b[{code}m{text}\x1b[0m" if wanted and code else text


def write_line(line: Line, shape: Shape) -> None:
    if shape == "json":
        write_json({"at": line.at, "service": line.service, "level": line.level, "event": line.event, **line.fields})
        return
    said = WORDS.get(line.event or "", line.event or "says")
    fields = dict(line.fields)
    message = plain(str(fields.pop("message"))) if "message" in fields else ""
    named = [f"{plain(name)}={_value(value)}" for name, value in fields.items() if value not in (None, {}, [])]
    write_text(line.at, line.service, f"{line.level:7} ", line.level, " ".join(filter(None, (said, message, *named))))


def _value(value: Any) -> str:
    if isinstance(value, str):
        return plain(value)
    return plain(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def write_text(at: str, service: str, before: str, colour: str, text: str) -> None:
    """One line: when, which service, and what; `text` is plain already."""
    when = at[:23].replace("T", " ")
    where = coloured(f"{plain(service):10}", "service")
    sys.stdout.write(f"{coloured(f'{plain(when):23}', 'time')} {where} {coloured(before + text, colour)}\n")
    sys.stdout.flush()


def write_json(value: Any) -> None:
    sys.stdout.write(plain(json.dumps(value, ensure_ascii=False, default=str)) + "\n")
    sys.stdout.flush()


def in_words(text: Any) -> str:
    """A bilingual text in the operator's language, or any other as it is; fit for a terminal."""
    if isinstance(text, dict) and text.keys() == {"en", "fr"}:
        text = text[language()]
    return plain(str(text))
