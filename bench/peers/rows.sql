-- The tables from a rows-only peer's rows: what cannot be read is left out, what was published again counts once.
set local work_mem = '256MB';
set local jit = off;

insert into logged_event (service, service_position, recorded_at, position, type, org_id, topic, partition, record_offset, value)
select 'status', (event ->> 'id')::bigint, (event ->> 'recordedat')::timestamptz, row_number() over (),
       event ->> 'type', event ->> 'org', 'status.applications.v1', partition, record_offset, value
  from (select partition, record_offset, value, value::jsonb as event from bench_row where value is json object) as rows
 where event ? 'recordedat' and event -> 'data' ? 'service_id' and event -> 'data' ? 'standards'
on conflict do nothing;

insert into views_1.event_cell (type, org_id, day, source_partition, events, hash)
select type, org_id, (recorded_at at time zone 'utc')::date, partition, count(*),
       sum(('x' || left(encode(sha256(convert_to(value, 'UTF8')), 'hex'), 16))::bit(64)::bigint)
  from logged_event group by 1, 2, 3, 4;

insert into views_1.feed_hour (org_id, service, hour, source_partition, events, last_recorded_at)
select org_id, service, date_trunc('hour', recorded_at, 'utc'), partition, count(*), max(recorded_at)
  from logged_event group by 1, 2, 3, 4;

-- In a table of its own, since PostgreSQL reads on several cores for that, and not for an insert.
create temporary table change on commit drop as
select org_id, service_id, standard ->> 'standard_id' as standard_id, recorded_on, partition, sign,
       coalesce(clock ->> 'channel', '') as channel, clock ->> 'state' as state, clock ->> 'unit' as unit,
       clock ->> 'excluded_as' as excluded_as, (clock ->> 'stopped_on')::date as stopped_on,
       coalesce((clock ->> 'started_on')::date, '0001-01-01') as started_on,
       coalesce((clock ->> 'late_from')::timestamptz, '9999-01-01T00:00:00Z') as late_from,
       (clock ->> 'elapsed')::bigint as elapsed, (clock ->> 'met')::boolean as met
  from (select org_id, (recorded_at at time zone 'utc')::date as recorded_on, partition, value::jsonb -> 'data' as data
          from logged_event) as event,
       lateral (select data ->> 'service_id' as service_id) as service,
       lateral jsonb_array_elements(data -> 'standards') as standard,
       lateral (values (standard -> 'before', -1), (standard -> 'after', 1)) as side (clock, sign)
 where jsonb_typeof(clock) = 'object';

insert into views_1.performance_cell (org_id, service_id, standard_id, channel, day, recorded_on, source_partition,
                                      met, total, withdrawn, closed_undecided, events)
select org_id, service_id, standard_id, channel, stopped_on, recorded_on, partition,
       coalesce(sum(sign) filter (where state = 'stopped' and met), 0), coalesce(sum(sign) filter (where state = 'stopped'), 0),
       coalesce(sum(sign) filter (where state = 'excluded' and excluded_as = 'withdrawn'), 0),
       coalesce(sum(sign) filter (where state = 'excluded' and excluded_as <> 'withdrawn'), 0), sum(sign)
  from change where state in ('stopped', 'excluded') group by 1, 2, 3, 4, 5, 6, 7;

insert into views_1.duration_cell (org_id, service_id, standard_id, channel, unit, day, bucket, source_partition, cases)
select org_id, service_id, standard_id, channel, unit, stopped_on,
       case when elapsed <= 100 then greatest(elapsed, 0) else 100 + ceil(ln(elapsed / 100.0) / ln(1.01 / 0.99)) end::int,
       partition, sum(sign)
  from change where state = 'stopped' group by 1, 2, 3, 4, 5, 6, 7, 8 having sum(sign) <> 0;

insert into views_1.open_cell (org_id, service_id, standard_id, channel, state, started_on, late_from, source_partition, cases)
select org_id, service_id, standard_id, channel, state, started_on, late_from, partition, sum(sign)
  from change where state not in ('stopped', 'excluded') group by 1, 2, 3, 4, 5, 6, 7, 8 having sum(sign) <> 0;

insert into views_1.service_change (service_id, position)
select value::jsonb -> 'data' ->> 'service_id', max(position) from logged_event group by 1;

update reading_head set position = (select max(position) from logged_event);
