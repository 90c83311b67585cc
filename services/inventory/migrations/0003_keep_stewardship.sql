-- What departments do to manage their services, and what becomes of services; every version is kept, as of services.
create table stewardship_version (
    org_id      text        not null,
    -- `<kind>/<what tells it from others of its kind>`, as its contract makes it.
    record_id   text        not null,
    version     int         not null,
    withdrawn   boolean     not null default false,
    kind        text        not null,
    on_date     date,
    -- The whole report; what is published of it is less.
    fields      jsonb       not null,
    recorded_at timestamptz not null default now(),
    primary key (org_id, record_id, version)
);
create index stewardship_version_by_kind on stewardship_version (org_id, kind, on_date);
create index stewardship_version_by_service on stewardship_version ((fields ->> 'service_id'));

create table service_retirement (
    service_id  text        not null,
    version     int         not null,
    org_id      text        not null,
    withdrawn   boolean     not null default false,
    on_date     date        not null,
    recorded_at timestamptz not null default now(),
    primary key (service_id, version)
);

-- From on_date a service of org_id is to_org's. A service may be transferred more than once, on different days.
create table service_transfer (
    service_id  text        not null,
    on_date     date        not null,
    version     int         not null,
    org_id      text        not null,
    withdrawn   boolean     not null default false,
    to_org      text        not null,
    recorded_at timestamptz not null default now(),
    primary key (service_id, on_date, version)
);
