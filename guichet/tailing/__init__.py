"""What `guichet tail` shows: log lines of the services, events of an organisation or service, one event's way."""
