-- Who is behind a case, by a name that only this service can derive. What they wrote is sealed by a key of their own:
-- without it nothing of theirs can be read, in this database or in a copy of it. An erased person has none. Whoever is
-- behind two cases is so by what they say, which nobody has checked: each case has a key, and `contact_hash` joins them.
create table person (
    person_id  bytea       primary key,
    org_id     text        not null,
    sealed_key bytea,
    erased_at  timestamptz
);

alter table feedback_case
    add column person_id          bytea,
    add column sealed_contact     bytea,
    add column contact_hash       bytea,
    add column tracking_hash      bytea,
    -- What was taken out of the text, by kind of identifier.
    add column masked             jsonb       not null default '{}',
    add column concern            text,
    add column concern_seen_at    timestamptz,
    -- Derived from the text's words by the service's key; gone with the person.
    add column essence            bytea,
    add column group_id           text,
    add column spam_suspected     boolean     not null default false,
    add column spam               boolean     not null default false,
    add column recourse           text,
    -- The day, local to the department's calendar, and the instant that ends it.
    add column acknowledge_due_on date,
    add column acknowledge_due_at timestamptz,
    add column resolve_due_on     date,
    add column resolve_due_at     timestamptz,
    add column acknowledged_at    timestamptz,
    add column ended_at           timestamptz,
    add column texts_forgotten_at timestamptz;
create unique index feedback_case_by_tracking on feedback_case (tracking_hash);
create index feedback_case_by_contact on feedback_case (org_id, contact_hash) where contact_hash is not null;
create index feedback_case_by_group on feedback_case (org_id, group_id) where group_id is not null;
create index feedback_case_by_essence on feedback_case (org_id, service_id, essence) where essence is not null;
create index feedback_case_open on feedback_case (org_id, resolve_due_at) where ended_at is null;
create index feedback_case_of_concern on feedback_case (org_id) where concern is not null and concern_seen_at is null;
create index feedback_case_ended on feedback_case (ended_at);

alter table feedback_step add column person_id bytea;

-- What client and officers say to each other beside the steps.
create table feedback_message (
    org_id      text        not null,
    feedback_id text        not null,
    message_id  text        not null,
    author      text        not null check (author in ('client', 'officer')),
    person_id   bytea       not null,
    sealed_text bytea       not null,
    written_at  timestamptz not null,
    primary key (org_id, feedback_id, message_id)
);

-- In what time a department means to acknowledge and resolve; one row a report, so that corrections find it.
create table resolution_time (
    org_id             text   not null,
    kind               text   not null,
    from_date          date   not null,
    source             text   not null,
    event_id           text   not null,
    acknowledge_within text,
    resolve_within     text   not null,
    days               text   not null,
    calendar           text   not null,
    target             double precision,
    reported_at        timestamptz not null,
    version            int    not null,
    superseded         boolean not null default false,
    primary key (source, event_id)
);
create index resolution_time_in_force on resolution_time (org_id, kind, from_date) where not superseded;

create table improvement (
    org_id         text  not null,
    improvement_id text  not null,
    service_id     text  not null,
    made_on        date  not null,
    title          jsonb not null,
    url            jsonb,
    feedback_ids   text[] not null,
    source         text  not null,
    event_id       text  not null,
    version        int   not null,
    withdrawn      boolean not null default false,
    primary key (org_id, improvement_id)
);
create index improvement_by_service on improvement (service_id);

-- That a person was erased, by whom and what of theirs there was: nothing of who they were.
create table erasure (
    erasure_id text        primary key,
    org_id     text        not null,
    asked_by   text        not null,
    erased_at  timestamptz not null,
    removed    jsonb       not null
);

alter table known_service
    add column name_en text,
    add column name_fr text;

-- What was heard before says this too: it is heard again.
delete from consumed where topic = 'inventory.services.v1';

-- From on_date a service is to_org's.
create table known_transfer (
    service_id text   not null,
    on_date    date   not null,
    from_org   text   not null,
    to_org     text   not null,
    position   bigint not null,
    primary key (service_id, on_date)
);
