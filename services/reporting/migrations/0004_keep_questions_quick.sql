-- What is asked often must not cost more with every year of history.
-- Feeds are asked for how often and when they were last heard of in all; their hours are read for the last week alone.
create table views_1.feed (
    org_id           text        not null,
    service          text        not null,
    source_partition int         not null,
    events           bigint      not null,
    last_recorded_at timestamptz not null,
    primary key (org_id, service, source_partition)
);
insert into views_1.feed
select org_id, service, source_partition, sum(events), max(last_recorded_at)
  from views_1.feed_hour
 group by org_id, service, source_partition;

-- Durations are read by the days of a window, open cases where there still are any.
create index duration_cell_by_day on views_1.duration_cell (day);
create index open_cell_standing on views_1.open_cell (service_id) where cases <> 0;
