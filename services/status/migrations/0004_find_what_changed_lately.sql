-- How long the last applications of a service took is asked whenever somebody looks at one that is late.
create index application_by_change on application (service_id, changed_at);
