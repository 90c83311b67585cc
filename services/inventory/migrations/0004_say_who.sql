-- Who said what a version says: the report's source and id; of a measure that a person confirmed, that person too.
alter table service_version add column source text, add column event_id text;
alter table standard_version add column source text, add column event_id text;
alter table stewardship_version add column source text, add column event_id text;

-- A measure that a person has confirmed, of the sentences that were read: it holds while they stand as they are.
create table measure_confirmation (
    service_id          text        not null,
    standard_id         text        not null,
    confirmed_at        timestamptz not null default clock_timestamp(),
    fiscal_year         text        not null,
    version             int         not null,
    confirmed_by        text        not null,
    service_standard_en text,
    service_standard_fr text,
    measure             jsonb       not null,
    primary key (service_id, standard_id, confirmed_at)
);
