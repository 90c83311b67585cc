-- Who is told of changes, and each telling: a delivery is a row of the same commit as the change that it tells of.
create table subscription (
    subscription_id        text        primary key,
    org_id                 text        not null,
    -- One of the two: an application, or all of a service.
    application_id         text,
    service_id             text,
    channel                text        not null,
    -- Where to: sealed. Its keyed hash keeps anyone from subscribing twice; the keyed hash of its host shares out places.
    sealed_address         bytea       not null,
    address_hash           bytea       not null,
    destination            text        not null,
    language               text        not null,
    -- What webhooks are signed with; the one before it signs too until its time is up.
    sealed_secret          bytea,
    sealed_previous_secret bytea,
    previous_until         timestamptz,
    -- active, unconfirmed, suspended (failing for days), ended (it said itself that it is gone).
    state                  text        not null,
    failing_since          timestamptz,
    -- department or client. A client's is told only while the application is that client's, by this keyed hash; none for
    -- whoever holds the tracking code.
    made_by                text        not null,
    client_hash            bytea,
    quiet_hours            boolean     not null default false,
    digest                 boolean     not null default false,
    made_at                timestamptz not null default now(),
    tested_at              timestamptz,
    ended_at               timestamptz,
    check ((application_id is null) <> (service_id is null))
);
create index subscription_by_application on subscription (org_id, application_id) where application_id is not null;
create index subscription_by_service on subscription (org_id, service_id) where service_id is not null;
create index subscription_by_client on subscription (client_hash) where client_hash is not null;

create table delivery (
    n               bigint      primary key generated always as identity,
    subscription_id text        not null references subscription on delete cascade,
    org_id          text        not null,
    application_id  text        not null,
    version         int         not null,
    -- Follows from the subscription and the change: sent again after a crash, it is the same message.
    webhook_id      text        not null unique,
    lane            text        not null,
    status          text        not null,
    due_at          timestamptz not null,
    -- Claimed by a sender until then; one that dies leaves it to the next.
    leased_until    timestamptz,
    -- Tries of the schedule that are over; a retry by hand begins it anew.
    tries           int         not null default 0,
    -- What texts are made of when it is sent.
    facts           jsonb       not null,
    made_at         timestamptz not null default now(),
    settled_at      timestamptz
);
create index delivery_by_due on delivery (lane, due_at, n) where status = 'pending';
-- Within one application, what is earlier goes first.
create index delivery_by_turn on delivery (subscription_id, org_id, application_id, version) where status = 'pending';
create index delivery_by_subscription on delivery (subscription_id, n);
create index delivery_by_settled on delivery (settled_at) where settled_at is not null;

create table delivery_attempt (
    n     bigint      not null references delivery on delete cascade,
    at    timestamptz not null,
    code  int,
    error text,
    primary key (n, at)
);
