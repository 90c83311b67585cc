-- Days on which a department's offices were closed beside the holidays, each as it was reported. None is ever changed: one
-- that is corrected counted until then, for a case that ended meanwhile.
create table exception_day (
    source        text        not null,
    event_id      text        not null,
    org_id        text        not null,
    day           date        not null,
    -- The one calendar it closes; null: every calendar of the department.
    calendar      text,
    note          jsonb       not null,
    known_at      timestamptz not null,
    withdrawn_at  timestamptz,
    primary key (source, event_id)
);
create index exception_day_by_org on exception_day (org_id, day, event_id);

-- What made applications be measured again, for the lineage of what changes; null: the standards of this service.
alter table measure_again add cause_source text, add cause_id text;
