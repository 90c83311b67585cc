"""status owns applications and their state, the service-standard clock, expected dates, and notifications of changes.

Publishes ApplicationStateChanged on status.applications.v1, NotificationDelivered and NotificationFailed on
status.notifications.v1.
Listens to departments (ingest.status.*), and to inventory for services and standards.
"""
