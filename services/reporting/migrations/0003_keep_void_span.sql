-- What a service that was restored from a backup does not know any more: its log beyond `after` up to `until`. The records
-- stay in logged_event and count nowhere.
create table void_span (
    service   text        not null,
    topic     text        not null,
    partition int         not null,
    after     bigint      not null,
    until     bigint      not null,
    heard_at  timestamptz not null default clock_timestamp(),
    primary key (topic, partition, until)
);
