"""inventory owns services, service standards and the results departments report for them.

Publishes ServiceRecorded, ServiceStandardRecorded, ServiceStandardResultRecorded on inventory.services.v1.
Listens to departments alone.
"""
