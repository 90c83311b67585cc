-- What became better in a service because of feedback, as the feedback service publishes it.
create table known_improvement (
    org_id         text   not null,
    improvement_id text   not null,
    service_id     text   not null,
    made_on        date   not null,
    position       bigint not null,
    primary key (org_id, improvement_id)
);
create index known_improvement_by_service on known_improvement (service_id, made_on);
