"""feedback owns feedback cases, from receipt to resolution; what clients wrote stays sealed in its database.

Publishes FeedbackRecorded and FeedbackStateChanged on feedback.cases.v1.
Listens to departments (ingest.feedback.*), and to inventory for services.
"""
