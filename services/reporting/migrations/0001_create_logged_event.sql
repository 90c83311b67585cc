-- Everything read from the services, each record once, as it stood in Kafka. (service, service_position) is its identity:
-- a record published again has the same, in the same partition, and recorded_at with it. The key begins with the
-- partition so that a batch's duplicates are found in one short stretch of the index, and new rows go to its ends.
create table logged_event (
    service          text        not null,
    service_position bigint      not null,
    recorded_at      timestamptz not null,
    position         bigint      not null,
    type             text        not null,
    org_id           text        not null,
    topic            text        not null,
    partition        int         not null,
    record_offset    bigint      not null,
    value            text        not null,
    -- When it became readable here, but for the commit itself.
    read_at          timestamptz not null default clock_timestamp(),
    primary key (service, partition, service_position, recorded_at)
) partition by range (recorded_at);
create table logged_event_default partition of logged_event default;

-- One row: the last position of logged_event, taken under its lock, so that position order is commit order.
create table reading_head (
    only_row boolean primary key default true check (only_row),
    position bigint  not null
);
insert into reading_head (position) values (0);

-- How far each partition is known to be whole: the service's own word (LogAdvanced). The least of all is the watermark;
-- a partition stands here from its first assignment on, and until it is heard of (null) there is no watermark.
create table advanced (
    topic       text        not null,
    partition   int         not null,
    service     text        not null,
    position    bigint      not null default 0,
    recorded_at timestamptz,
    primary key (topic, partition)
);

-- Copies of inventory's, fed by its events: a row holds from `valid_from` on, until the next one's day has come.
create table known_service (
    service_id text    not null,
    valid_from date    not null,
    org_id     text    not null,
    name       jsonb   not null,
    priority   boolean not null,
    position   bigint  not null,
    primary key (service_id, valid_from)
);
create table known_standard (
    service_id  text   not null,
    standard_id text   not null,
    org_id      text   not null,
    name        jsonb  not null,
    kind        text,
    channel     text,
    target      double precision,
    measure     jsonb,
    valid_from  date   not null,
    position    bigint not null,
    primary key (service_id, standard_id, valid_from)
);
