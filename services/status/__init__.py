"""status owns applications and their state, the service-standard clock, days on which offices were closed, expected dates,
and notifications of changes.

Publishes ApplicationStateChanged and ExceptionDayRecorded on status.applications.v1, NotificationDelivered and
NotificationFailed on status.notifications.v1.
Listens to departments (ingest.status.*), and to inventory for services, their transfers and standards.
"""
