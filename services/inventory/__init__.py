"""inventory owns services, service standards, the results departments report for them, and stewardship records.

Publishes ServiceRecorded, ServiceStandardRecorded, ServiceStandardResultRecorded, ServiceRetired and ServiceTransferred on
inventory.services.v1, StewardshipRecorded on inventory.stewardship.v1.
Listens to departments, and to oversight, alone.
"""
