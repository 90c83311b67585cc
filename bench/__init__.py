"""The jobs that are measured, on real Kafka and PostgreSQL, with tables compared to an oracle's."""
