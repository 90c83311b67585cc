"""What Prometheus reads at `/metrics`; catalogued in docs/metrics.md. One process, one service."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

registry = CollectorRegistry()

_QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)

events_received = Counter(
    "guichet_events_received", "Reported events, by door and outcome", ["door", "outcome"], registry=registry
)
commit_seconds = Histogram(
    "guichet_commit_seconds",
    "One batch of a door: from its transaction's start to its commit",
    ["door"],
    buckets=_QUICK,
    registry=registry,
)
log_position = Gauge(
    "guichet_log_position", "The last position this process saw in the service's log", registry=registry
)
published_position = Gauge("guichet_published_position", "The last position the relay has published", registry=registry)
unsent_events = Gauge(
    "guichet_unsent_events", "Events of the log that Kafka has not acknowledged yet", registry=registry
)
publish_failures = Counter("guichet_publish_failures", "Times the relay's producer was replaced", registry=registry)
topics_refilled = Counter(
    "guichet_topics_refilled", "Times Kafka had lost records, and all of the log was published again", registry=registry
)
log_restored = Counter(
    "guichet_log_restored",
    "Times the log was found restored from a backup, and went on above its topics",
    registry=registry,
)
records_consumed = Counter("guichet_records_consumed", "Records taken from Kafka", ["group"], registry=registry)
records_repeated = Counter(
    "guichet_records_repeated", "Records from Kafka that had been taken before", ["group"], registry=registry
)
consumer_lag = Gauge("guichet_consumer_lag", "Records in Kafka not yet taken", ["group"], registry=registry)
batch_seconds = Histogram(
    "guichet_batch_seconds", "One batch from Kafka, decoded to committed", ["group"], buckets=_QUICK, registry=registry
)
dead_letters = Counter("guichet_dead_letters", "Events set aside, by code of the problem", ["code"], registry=registry)
dead_letters_waiting = Gauge(
    "guichet_dead_letters_waiting", "Dead letters that wait for an operator, by code", ["code"], registry=registry
)
dead_letters_replayed = Counter(
    "guichet_dead_letters_replayed", "Dead letters judged again, by outcome", ["outcome"], registry=registry
)
freshness_seconds = Gauge(
    "guichet_freshness_seconds",
    "How long ago it was that all a service had recorded was read here",
    ["service"],
    registry=registry,
)
silent_departments = Gauge(
    "guichet_silent_departments",
    "Organisations not heard of through a service for longer than their cadence",
    ["service"],
    registry=registry,
)
stream_readers = Gauge("guichet_stream_readers", "Open event streams", registry=registry)
applications_to_measure = Gauge(
    "guichet_applications_to_measure", "Applications that are still to be measured again", registry=registry
)
deliveries = Counter(
    "guichet_deliveries", "Tries to deliver a notification, by outcome", ["channel", "outcome"], registry=registry
)
deliveries_waiting = Gauge(
    "guichet_deliveries_waiting", "Notifications that are still to be delivered", ["lane"], registry=registry
)
subscriptions_suspended = Gauge(
    "guichet_subscriptions_suspended", "Subscriptions suspended, as their deliveries failed for days", registry=registry
)
cases_overdue = Gauge(
    "guichet_cases_overdue", "Open feedback cases past the day they should be resolved by", ["org"], registry=registry
)
cases_of_concern = Gauge(
    "guichet_cases_of_concern",
    "Open feedback cases flagged as a threat or self-harm that nobody has looked at",
    ["org"],
    registry=registry,
)


def exposition() -> bytes:
    return generate_latest(registry)
