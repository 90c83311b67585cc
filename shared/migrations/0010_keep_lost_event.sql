-- A database restored from a backup must give out no position that its topics have seen already (docs/adr/0015).
-- Which database this is: the server, its timeline (another after a recovery or a failover), the database, the very table.
create function log_place() returns text language sql stable set search_path = pg_catalog, pg_temp as $$
    select (select system_identifier from pg_control_system()) || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8)
           || '/' || (select oid from pg_database where datname = current_database()) || '/' || 'public.log_head'::regclass::oid
$$;

-- The place in which the log was last compared with its topics. In another one nothing is appended until it was again.
alter table log_head add column place text;

-- The cluster in which the cursor was moved, and the last position of which every partition was told: Kafka that has less
-- has lost it, and is filled again.
alter table relay_cursor add column cluster_id text;
alter table relay_cursor add column announced bigint not null default 0;

-- Positions beyond `after` up to `until` are void: some were given out by this log before it was restored, none is again.
create table log_restored (
    until    bigint      primary key,
    after    bigint      not null,
    found_at timestamptz not null default now(),
    -- Records found in the topics; positions in use that Kafka no longer has the records of.
    listed   bigint      not null,
    unlisted bigint      not null,
    -- When every partition had the word; null: still to be told.
    told_at  timestamptz
);

-- What was recorded at those positions, as far as the topics know.
create table lost_event (
    position    bigint      primary key,
    until       bigint      not null references log_restored (until),
    source      text        not null,
    event_id    text        not null,
    type        text        not null,
    org_id      text        not null,
    recorded_at timestamptz
);
