-- What a correction needs to know of the report it corrects: the type its data is judged by, and the key of its thing.
alter table received_event add column type text;
alter table received_event add column key text;

-- Which report took the place of which (of the same source). The key keeps a chain from forking: of two corrections of one
-- report the second is refused. The department's reason is sealed.
create table correction (
    source        text        not null,
    corrects      text        not null,
    event_id      text        not null,
    withdraws     boolean     not null,
    sealed_reason bytea       not null,
    recorded_at   timestamptz not null default now(),
    primary key (source, corrects)
);
create index correction_by_age on correction using brin (recorded_at);
