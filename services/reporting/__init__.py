"""reporting owns the log of everything recorded, with where each record stood in Kafka, live performance, and verdicts on
compliance.

Publishes VerdictChanged, on reporting.verdicts.v1.
Listens to inventory, feedback and status.
"""
