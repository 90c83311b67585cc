"""status owns applications and their state, the service-standard clock, and expected dates.

Publishes ApplicationStateChanged on status.applications.v1.
Listens to departments (ingest.status.*), and to inventory for services and standards.
"""
