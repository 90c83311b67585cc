-- Two years ahead are the most: whoever may ask for partitions could otherwise make tables without end.
create or replace function make_partitions(months int default 3) returns table (partitioned text, month date)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    parent record;
begin
    if months is null or months not between 1 and 24 then
        raise exception 'partitions are made for 1 to 24 months, not %', months using errcode = 'invalid_parameter_value';
    end if;
    for parent in
        select c.relname, n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where c.relkind = 'p' and n.nspname not in ('pg_catalog', 'information_schema') order by 1
    loop
        for month in
            select (date_trunc('month', now() at time zone 'utc') + make_interval(months => n))::date
              from generate_series(0, months - 1) as n
        loop
            begin
                execute format('create table if not exists %I.%I partition of %I.%I for values from (%L) to (%L)',
                               parent.nspname, parent.relname || to_char(month, '_YYYY_MM'), parent.nspname, parent.relname,
                               month, (month + interval '1 month')::date);
            exception when check_violation then
                partitioned := parent.relname;
                return next;
            end;
        end loop;
    end loop;
end
$$;
