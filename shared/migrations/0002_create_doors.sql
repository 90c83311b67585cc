-- What was accepted, by the sender's own id: the duplicate check, and what receipts are read from.
create table received_event (
    source      text        not null,
    event_id    text        not null,
    org_id      text        not null,
    digest      bytea       not null,
    position    bigint      not null,
    recorded_at timestamptz not null,
    -- The key of what this event opened (an application): its duplicates carry the tracking code too.
    opened_key  text,
    primary key (source, event_id)
);
create index received_event_by_age on received_event using brin (recorded_at);

-- How far each partition has been taken, in the transaction that took it: the truth; Kafka's own commit is a hint.
create table consumed (
    consumer    text   not null,
    cluster_id  text   not null,
    topic       text   not null,
    partition   int    not null,
    next_offset bigint not null,
    primary key (consumer, cluster_id, topic, partition)
);

-- What was refused, whole and sealed, for 30 days.
create table dead_letter (
    dead_letter_id  bigint      generated always as identity primary key,
    received_at     timestamptz not null default now(),
    door            text        not null,
    org_id          text,
    source          text,
    event_id        text,
    topic           text,
    partition       int,
    record_offset   bigint,
    code            text        not null,
    problem         jsonb       not null,
    sealed          bytea       not null
);
create index dead_letter_by_event on dead_letter (event_id, source);
create index dead_letter_by_age on dead_letter using brin (received_at);

-- The keys of departments: HMAC-SHA-256 of the key under the service's pepper, never the key.
create table api_key (
    key_id     text        primary key,
    org_id     text        not null,
    hmac       bytea       not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz,
    revoked_at timestamptz
);
