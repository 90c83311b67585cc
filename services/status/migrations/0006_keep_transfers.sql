-- From on_date a service is to_org's: whose an application may be depends on the day it is reported of.
create table known_transfer (
    service_id text   not null,
    on_date    date   not null,
    from_org   text   not null,
    to_org     text   not null,
    position   bigint not null,
    primary key (service_id, on_date)
);
