-- What a department says of a service for one fiscal year; every version is kept.
create table service_version (
    service_id  text        not null,
    fiscal_year text        not null,
    version     int         not null,
    org_id      text        not null,
    valid_from  date        not null,
    name_en     text        not null,
    name_fr     text        not null,
    priority    boolean     not null,
    fields      jsonb       not null,
    recorded_at timestamptz not null default now(),
    primary key (service_id, fiscal_year, version)
);
create index service_version_by_org on service_version (org_id, fiscal_year);

create table standard_version (
    service_id  text        not null,
    standard_id text        not null,
    fiscal_year text        not null,
    version     int         not null,
    org_id      text        not null,
    valid_from  date        not null,
    name_en     text        not null,
    name_fr     text        not null,
    target      double precision,
    -- How the limit can be measured, and whether an officer has confirmed it.
    measure     jsonb,
    fields      jsonb       not null,
    recorded_at timestamptz not null default now(),
    primary key (service_id, standard_id, fiscal_year, version)
);
create index standard_version_by_org on standard_version (org_id, fiscal_year);

-- Results that no application shows. A later version of the same period takes the place of the earlier.
create table standard_result (
    service_id  text        not null,
    standard_id text        not null,
    from_date   date        not null,
    to_date     date        not null,
    channel     text        not null,
    version     int         not null,
    org_id      text        not null,
    met         bigint,
    total       bigint,
    value       double precision,
    unit        text,
    recorded_at timestamptz not null default now(),
    primary key (service_id, standard_id, from_date, to_date, channel, version)
);
