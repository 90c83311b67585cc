-- The indexes that say where in the log to look describe its stretches one by one, when a vacuum's worker comes to it; it keeps 256
-- requests to do so and drops the others. After a quick drain most stretches were not described, and were read for whoever asked.
-- The service has it done; as much as PostgreSQL has not. A range that is being vacuumed is described by that.
create function summarize_log() returns int language plpgsql security definer
set search_path = pg_catalog, pg_temp
-- Less than `deadlock_timeout`, after which a vacuum would give way to us.
set lock_timeout = '100ms' as $$
declare
    summarizing regclass;
    ranges int := 0;
begin
    for summarizing in
        select c.oid from pg_partition_tree('public.logged_event') t
          join pg_index i on i.indrelid = t.relid
          join pg_class c on c.oid = i.indexrelid
          join pg_am a on a.oid = c.relam and a.amname = 'brin'
         where t.isleaf order by 1
    loop
        begin
            ranges := ranges + brin_summarize_new_values(summarizing);
        exception when lock_not_available then
            null;
        end;
    end loop;
    return ranges;
end
$$;
revoke execute on function summarize_log from public;
