-- The tables from a rows-only peer's rows: what cannot be read is left out, what was published again counts once.
set local work_mem = '256MB';
set local jit = off;
set local parallel_setup_cost = 0;
set local parallel_tuple_cost = 0;
analyze bench_row;

-- Parsed once; in a table of its own, since PostgreSQL reads on several cores for that, and not for an insert.
create temporary table event on commit drop as
select row.partition, row.record_offset, row.value, event.id, event.recordedat, event.type, event.org,
       data.service_id, data.standards,
       ('x' || left(encode(sha256(convert_to(row.value, 'UTF8')), 'hex'), 16))::bit(64)::bigint as hash
  from bench_row as row,
       lateral jsonb_to_record(row.value::jsonb)
           as event (id bigint, recordedat timestamptz, type text, org text, data jsonb),
       lateral jsonb_to_record(event.data) as data (service_id text, standards jsonb)
 where row.value is json object
   and event.recordedat is not null and data.service_id is not null and data.standards is not null;

analyze event;
with logged as (
    insert into logged_event
        (service, service_position, recorded_at, position, type, org_id, topic, partition, record_offset, value)
    select 'status', id, recordedat, row_number() over (), type, org, 'status.applications.v1', partition, record_offset, value
      from event
    on conflict do nothing
    returning partition, record_offset
)
delete from event where not exists (
    select from logged where logged.partition = event.partition and logged.record_offset = event.record_offset
);

insert into views_1.event_cell (type, org_id, day, source_partition, events, hash)
select type, org, (recordedat at time zone 'utc')::date, partition, count(*), sum(hash) from event group by 1, 2, 3, 4;

insert into views_1.feed_hour (org_id, service, hour, source_partition, events, last_recorded_at)
select org, 'status', date_trunc('hour', recordedat, 'utc'), partition, count(*), max(recordedat)
  from event group by 1, 2, 3, 4;

create temporary table change on commit drop as
select org as org_id, service_id, standard_id, (recordedat at time zone 'utc')::date as recorded_on, partition, sign,
       coalesce(channel, '') as channel, state, unit, excluded_as, stopped_on, elapsed, met,
       coalesce(started_on, '0001-01-01') as started_on, coalesce(late_from, '9999-01-01T00:00:00Z') as late_from
  from event,
       lateral jsonb_to_recordset(standards) as standard (standard_id text, before jsonb, after jsonb),
       lateral (values (before, -1), (after, 1)) as side (clock, sign),
       lateral jsonb_to_record(clock) as clocks (
           channel text, state text, unit text, excluded_as text, started_on date, stopped_on date,
           late_from timestamptz, elapsed bigint, met boolean)
 where clock is not null;

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
select service_id, max(id) from event group by 1;

update reading_head set position = (select max(position) from logged_event);
