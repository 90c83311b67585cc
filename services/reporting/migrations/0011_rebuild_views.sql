-- The views can be made anew beside the live ones (docs/adr/0022): `views_1` is always what is live, under the names that every
-- statement has; `views_2` is the other: while it is being filled, and after the two have changed places, what was live before.
-- known_service and known_standard are views as well, and change places with them.

-- Triggers must follow their tables from one schema to the other, and write there.
create function add_to_feed() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' then
        execute format(
            'insert into %I.feed as f (org_id, service, source_partition, events, last_recorded_at) '
            'select org_id, service, source_partition, sum(now.events - before.events), max(now.last_recorded_at) '
            'from now join before using (org_id, service, hour, source_partition) '
            'group by org_id, service, source_partition order by org_id, service, source_partition '
            'on conflict (org_id, service, source_partition) do update set events = f.events + excluded.events, '
            'last_recorded_at = greatest(f.last_recorded_at, excluded.last_recorded_at)', tg_table_schema);
    else
        execute format(
            'insert into %I.feed as f (org_id, service, source_partition, events, last_recorded_at) '
            'select org_id, service, source_partition, sum(events), max(last_recorded_at) from now '
            'group by org_id, service, source_partition order by org_id, service, source_partition '
            'on conflict (org_id, service, source_partition) do update set events = f.events + excluded.events, '
            'last_recorded_at = greatest(f.last_recorded_at, excluded.last_recorded_at)', tg_table_schema);
    end if;
    return null;
end
$$;
create function leave_out() returns trigger language plpgsql as 'begin return null; end';

drop trigger add_inserted on views_1.feed_hour;
drop trigger add_updated on views_1.feed_hour;
drop trigger leave_out_direct on views_1.feed;
create trigger add_inserted after insert on views_1.feed_hour
    referencing new table as now for each statement execute function add_to_feed();
create trigger add_updated after update on views_1.feed_hour
    referencing old table as before new table as now for each statement execute function add_to_feed();
create trigger leave_out_direct before insert on views_1.feed
    for each row when (pg_trigger_depth() = 0) execute function leave_out();
drop function views_1.add_to_feed();
drop function views_1.leave_out();

-- The log is read by stretches of its positions, which ascend in it: where each stretch lies costs next to nothing to keep.
create index logged_event_by_position on logged_event using brin (position) with (pages_per_range = 64, autosummarize = on);

-- Each rebuild, and what came of it. `position` is how far of the log views_2 holds, by the newest one.
create table rebuild (
    rebuild_id  bigint      generated always as identity primary key,
    source      text        not null check (source in ('log', 'kafka')),
    state       text        not null default 'asked' check (state in ('asked', 'reading', 'filling', 'comparing', 'switching',
                    'switched', 'differs', 'rolling_back', 'rolled_back', 'failed', 'abandoned')),
    asked_at    timestamptz not null default clock_timestamp(),
    asked_by    text        not null,
    -- Why the views change places although they differ.
    reason      text,
    position    bigint      not null default 0,
    -- Whether views_2 is what it has left: the views it made, or those that were live before.
    kept        boolean     not null default false,
    -- What is being done is done up to here, of so much: positions of the log or, while Kafka is read, records.
    done        bigint      not null default 0,
    total       bigint      not null default 0,
    begun_at    timestamptz not null default clock_timestamp(),
    -- Records that Kafka had and the log had not.
    added       bigint      not null default 0,
    compared_to bigint,
    tables      jsonb,
    differences jsonb,
    switched_to bigint,
    error       text,
    ended_at    timestamptz
);

-- The tables of the live views.
create function view_tables() returns table (oid oid, schema name, name name) language sql stable
set search_path = pg_catalog, pg_temp as $$
    select c.oid, n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r'
       and (n.nspname = 'views_1' or (n.nspname = 'public' and c.relname in ('known_service', 'known_standard')))
     order by c.relname
$$;

-- Tables are their owner's, and so is making them; the service may ask for these and nothing more.
create function drop_views() returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    drop schema if exists views_2 cascade;
end
$$;

-- Like the live ones in everything, down to the names of their indexes: a later migration must find what it expects.
create function make_views() returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    live record;
    statement text;
begin
    perform public.drop_views();
    create schema views_2;
    for live in select * from public.view_tables() loop
        execute format('create table views_2.%I (like %I.%I including all excluding indexes)', live.name, live.schema, live.name);
        for statement in
            select format('alter table views_2.%I add constraint %I %s', live.name, conname, pg_get_constraintdef(oid))
              from pg_constraint where conrelid = live.oid and contype in ('p', 'u')
            union all
            select replace(pg_get_indexdef(indexrelid), format(' ON %I.%I ', live.schema, live.name), format(' ON views_2.%I ', live.name))
              from pg_index where indrelid = live.oid
               and not exists (select from pg_constraint where conindid = indexrelid and conrelid = live.oid)
            union all
            select replace(pg_get_triggerdef(oid), format(' ON %I.%I ', live.schema, live.name), format(' ON views_2.%I ', live.name))
              from pg_trigger where tgrelid = live.oid and not tgisinternal
            union all
            select format('grant %s on views_2.%I to %s', string_agg(privilege_type, ', '), live.name, grantee::regrole)
              from pg_class c cross join aclexplode(c.relacl) where c.oid = live.oid and grantee <> c.relowner and grantee <> 0
             group by grantee
        loop
            execute statement;
        end loop;
    end loop;
    for statement in
        select format('grant usage on schema views_2 to %s', grantee::regrole)
          from pg_namespace cross join aclexplode(nspacl)
         where nspname = 'views_1' and privilege_type = 'USAGE' and grantee <> nspowner and grantee <> 0
    loop
        execute statement;
    end loop;
end
$$;

-- A plan made for empty tables would be a bad one for readers.
create function analyze_views() returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    live record;
begin
    for live in select * from public.view_tables() loop
        execute format('analyze views_2.%I', live.name);
    end loop;
end
$$;

-- Whether the two have the same tables and columns: a migration may have come between.
create function views_are_alike() returns boolean language sql stable set search_path = pg_catalog, pg_temp as $$
    with live as (
        select v.name, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
               row_number() over (partition by v.oid order by a.attnum) as n
          from public.view_tables() v join pg_attribute a on a.attrelid = v.oid and a.attnum > 0 and not a.attisdropped
    ), other as (
        select c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
               row_number() over (partition by c.oid order by a.attnum) as n
          from pg_class c join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'views_2' and c.relkind = 'r'
          join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    )
    select not exists (table live except table other) and not exists (table other except table live)
$$;

-- They change places. Whoever asks holds all of them against readers, for as long as this takes.
create function switch_views() returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if not public.views_are_alike() then
        raise exception 'the tables of views_2 are not those of views_1' using errcode = 'object_not_in_prerequisite_state';
    end if;
    alter schema views_1 rename to views_0;
    alter table public.known_service set schema views_0;
    alter table public.known_standard set schema views_0;
    alter schema views_2 rename to views_1;
    alter table views_1.known_service set schema public;
    alter table views_1.known_standard set schema public;
    alter schema views_0 rename to views_2;
end
$$;

revoke execute on function drop_views, make_views, analyze_views, switch_views from public;
