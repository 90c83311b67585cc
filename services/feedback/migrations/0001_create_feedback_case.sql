-- A case is the sum of its steps, reported in any order; what the client wrote is kept sealed.
create table feedback_case (
    org_id         text        not null,
    feedback_id    text        not null,
    -- Null until the case itself is reported: its handling may be reported first.
    service_id     text,
    kind           text,
    state          text        not null,
    version        int         not null,
    channel        text,
    language       text,
    -- What the client wrote, sealed.
    sealed_text    bytea,
    rating         int,
    drivers        jsonb       not null default '{}',
    application_id text,
    reply_wanted   boolean     not null default false,
    received_at    timestamptz,
    changed_at     timestamptz not null,
    primary key (org_id, feedback_id)
);
create index feedback_case_by_service on feedback_case (service_id);

create table feedback_step (
    org_id            text        not null,
    feedback_id       text        not null,
    source            text        not null,
    event_id          text        not null,
    state             text        not null,
    occurred_at       timestamptz not null,
    sealed_resolution bytea,
    redirected_to     text,
    primary key (org_id, feedback_id, source, event_id)
);

-- A copy of inventory's, fed by its events.
create table known_service (
    service_id text primary key,
    org_id     text not null,
    valid_from date not null,
    position   bigint not null
);
