-- A feed is the sum of its hours, whoever writes them: versions that do not know of it may run beside this one.
-- What was counted without it until now:
lock table views_1.feed_hour in share row exclusive mode;
delete from views_1.feed;
insert into views_1.feed
select org_id, service, source_partition, sum(events), max(last_recorded_at)
  from views_1.feed_hour
 group by org_id, service, source_partition;

create function views_1.add_to_feed() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' then
        insert into views_1.feed as f (org_id, service, source_partition, events, last_recorded_at)
        select org_id, service, source_partition, sum(now.events - before.events), max(now.last_recorded_at)
          from now join before using (org_id, service, hour, source_partition)
         group by org_id, service, source_partition order by org_id, service, source_partition
            on conflict (org_id, service, source_partition) do update set events = f.events + excluded.events,
               last_recorded_at = greatest(f.last_recorded_at, excluded.last_recorded_at);
    else
        insert into views_1.feed as f (org_id, service, source_partition, events, last_recorded_at)
        select org_id, service, source_partition, sum(events), max(last_recorded_at)
          from now
         group by org_id, service, source_partition order by org_id, service, source_partition
            on conflict (org_id, service, source_partition) do update set events = f.events + excluded.events,
               last_recorded_at = greatest(f.last_recorded_at, excluded.last_recorded_at);
    end if;
    return null;
end
$$;
create trigger add_inserted after insert on views_1.feed_hour
    referencing new table as now for each statement execute function views_1.add_to_feed();
create trigger add_updated after update on views_1.feed_hour
    referencing old table as before new table as now for each statement execute function views_1.add_to_feed();

-- What is added to it by hand, as one version did, is in the hours already.
create function views_1.leave_out() returns trigger language plpgsql as 'begin return null; end';
create trigger leave_out_direct before insert on views_1.feed
    for each row when (pg_trigger_depth() = 0) execute function views_1.leave_out();
