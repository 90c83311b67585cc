-- An application is what its history says; its row is kept beside it so that a report is judged by one look.
create table application (
    org_id         text        not null,
    application_id text        not null,
    service_id     text        not null,
    state          text        not null,
    -- Counts the events of its history: grows with each, never goes back.
    version        int         not null,
    channel        text,
    language       text,
    -- The pseudonymous client, sealed; and a keyed hash of it, to find one's own applications by.
    sealed_client  bytea,
    client_hash    bytea,
    expected_at    timestamptz,
    tracking_hash  bytea       not null,
    -- The clock of each standard as last published: what the next change is measured from.
    clocks         jsonb       not null,
    opened_at      timestamptz not null,
    changed_at     timestamptz not null,
    primary key (org_id, application_id)
);
create unique index application_by_tracking_hash on application (tracking_hash);
create index application_by_service on application (service_id, org_id, application_id);
create index application_by_client on application (client_hash) where client_hash is not null;

create table application_event (
    org_id         text        not null,
    application_id text        not null,
    source         text        not null,
    event_id       text        not null,
    state          text        not null,
    occurred_at    timestamptz not null,
    sequence       bigint,
    channel        text,
    outcome        text,
    expected_at    timestamptz,
    -- The department's reason, in both languages, sealed.
    sealed_reason  bytea,
    primary key (org_id, application_id, source, event_id)
);

-- Copies of inventory's, fed by its events.
create table known_service (
    service_id text primary key,
    org_id     text not null,
    name       jsonb not null,
    valid_from date not null,
    position   bigint not null
);

create table known_standard (
    service_id  text   not null,
    standard_id text   not null,
    valid_from  date   not null,
    org_id      text   not null,
    name        jsonb  not null,
    channel     text,
    measure     jsonb,
    position    bigint not null,
    primary key (service_id, standard_id, valid_from)
);

-- Services whose standards changed: their applications are measured anew, a few at a time.
create table measure_again (
    service_id text        primary key,
    asked_at   timestamptz not null,
    -- The last application done; asking again starts over.
    after_org  text        not null default '',
    after_id   text        not null default ''
);
