-- The log is the outbox: what this service recorded, in commit order, never changed.
-- `value` is the very Kafka record, so that publishing again gives the same bytes.
create table recorded_event (
    position         bigint      not null,
    recorded_at      timestamptz not null,
    type             text        not null,
    org_id           text        not null,
    occurred_at      timestamptz not null,
    caused_by_source text        not null,
    caused_by_id     text        not null,
    topic            text        not null,
    key              text        not null,
    value            text        not null,
    primary key (position, recorded_at)
) partition by range (recorded_at);

-- The net under a month whose partition was not made in time.
create table recorded_event_default partition of recorded_event default;

-- One row. Whoever appends updates it by the last statement before the commit: its row lock makes position order
-- commit order, so a reader at `> n` misses nothing.
create table log_head (
    only_row    boolean     primary key default true check (only_row),
    position    bigint      not null,
    recorded_at timestamptz not null
);
insert into log_head (position, recorded_at) values (0, '-infinity');

-- How far the relay has published. Moving it back publishes again.
create table relay_cursor (
    only_row    boolean     primary key default true check (only_row),
    position    bigint      not null,
    recorded_at timestamptz not null
);
insert into relay_cursor (position, recorded_at) values (0, '-infinity');
