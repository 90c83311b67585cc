"""reporting owns the log of everything recorded, with where each record stood in Kafka, and live performance.

Publishes nothing yet but LogAdvanced and LogRestored, on reporting.verdicts.v1.
Listens to inventory, feedback and status.
"""
