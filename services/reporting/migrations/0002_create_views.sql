-- Views are folds of the log. They live in a numbered schema, so that a rebuild can fill the next one beside it.
-- Every cell is a signed sum, with the partition its events came from in its key: any window is a sum over cells, and two
-- workers never want the same row.
create schema views_1;

create table views_1.performance_cell (
    org_id           text   not null,
    service_id       text   not null,
    standard_id      text   not null,
    channel          text   not null,
    day              date   not null,
    recorded_on      date   not null,
    source_partition int    not null,
    met              bigint not null,
    total            bigint not null,
    withdrawn        bigint not null,
    closed_undecided bigint not null,
    events           bigint not null,
    primary key (service_id, standard_id, channel, day, recorded_on, source_partition, org_id)
);
create index performance_cell_by_day on views_1.performance_cell (day);

-- How long stopped cases took: exact up to 100 units, then in buckets of 1 % relative error.
create table views_1.duration_cell (
    org_id           text   not null,
    service_id       text   not null,
    standard_id      text   not null,
    channel          text   not null,
    unit             text   not null,
    day              date   not null,
    bucket           int    not null,
    source_partition int    not null,
    cases            bigint not null,
    primary key (service_id, standard_id, channel, day, bucket, unit, source_partition, org_id)
);

-- Cases whose clock has not stopped, by the moment from which they are late.
create table views_1.open_cell (
    org_id           text        not null,
    service_id       text        not null,
    standard_id      text        not null,
    channel          text        not null,
    state            text        not null,
    started_on       date        not null,
    late_from        timestamptz not null,
    source_partition int         not null,
    cases            bigint      not null,
    primary key (service_id, standard_id, channel, state, started_on, late_from, source_partition, org_id)
);

-- How many events of each type, organisation and day of recording, and the sum of their hashes: what `verify` compares.
create table views_1.event_cell (
    type             text    not null,
    org_id           text    not null,
    day              date    not null,
    source_partition int     not null,
    events           bigint  not null,
    hash             numeric not null,
    primary key (type, org_id, day, source_partition)
);

-- When each organisation was last heard of, and in which hours.
create table views_1.feed_hour (
    org_id           text        not null,
    service          text        not null,
    hour             timestamptz not null,
    source_partition int         not null,
    events           bigint      not null,
    last_recorded_at timestamptz not null,
    primary key (org_id, service, hour, source_partition)
);

-- The last position at which the figures of a service changed: what a stream resumes from.
create table views_1.service_change (
    service_id text   primary key,
    position   bigint not null
);
create index service_change_by_position on views_1.service_change (position);
