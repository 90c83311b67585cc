"""Every event of the log and the fields it may have; what is not declared here is not written (docs/logs.md)."""

from collections.abc import Mapping

# Beside the fields of its own, every event has these, where they apply.
EVERYWHERE = frozenset({"event", "level", "at", "service", "exception", "undeclared"})

FIELDS: Mapping[str, frozenset[str]] = {
    event: frozenset(fields.split())
    for event, fields in {
        "service_started": "port",
        "service_stopped": "",
        "migration_applied": "migration",
        "migrations_missing": "migrations",
        "partition_not_made": "table month",
        "retention_applied": "dead_letters event_ids",
        "housekeeping_retried": "error",
        "part_failed": "part",
        "kafka_unreachable": "error seconds",
        "consumers_gave_up": "error seconds",
        "predecessor_left": "group",
        "predecessor_not_found": "error",
        "assignment_retried": "group error",
        "batch_retried": "group error records seconds",
        "kafka_log_shorter": "topic partition expected end",
        "jwks_not_read": "error",
        "topics_refilled": "until found",
        "log_restored": "after until lost unlisted said_again",
        "log_forked": "first",
        "log_taken_back": "of after until events",
        "kafka_log_gap": "group topic partition expected first",
        "department_topics_made": "organizations",
        "relay_retried": "error seconds",
        "rejections_not_sent": "error events",
        "door_unavailable": "error events",
        "events_recorded": "door accepted duplicate rejected first last warnings",
        "events_rejected": "door org_id codes",
        "events_published": "first last",
        "records_taken": "group records repeated spans",
        "event_set_aside": "error",
        "records_unreadable": "records topic",
        "dead_letters_full": "org_id",
        "dead_letter_opened": "dead_letter by",
        "dead_letter_replayed": "dead_letter outcome code",
        "dead_letter_dropped": "dead_letter by",
        "measuring_retried": "error",
        "measured_again": "applications changed left",
        "claiming_retried": "error",
        "deliveries_retried": "error",
        "delivery_faulted": "",
        "subscription_suspended": "subscription since",
        "subscription_ended": "subscription",
        "deliveries_forgotten": "deliveries subscriptions",
        "stream_retried": "error",
        "verdicts_changed": "verdicts",
        "verdicts_retried": "error",
        "verdicts_not_judged": "org_id",
        "library_message": "message",
    }.items()
}
