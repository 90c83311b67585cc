-- The verdicts that were told last, so that only what differs is told again.
create table told_verdict (
    org_id      text   not null,
    requirement text   not null,
    rules       text   not null,
    state       text   not null,
    numerator   bigint not null,
    denominator bigint not null,
    excluded    bigint not null,
    primary key (org_id, requirement)
);

-- One row: up to where the log was judged, as of which day, by which rules. Who holds it tells.
create table verdict_head (
    only_row     boolean primary key default true check (only_row),
    position     bigint not null,
    day          date   not null,
    rule_version text   not null
);
insert into verdict_head (position, day, rule_version) values (0, '2014-10-01', '');

-- Which organisations have new evidence.
create index logged_event_evidence_by_position on logged_event (position) include (org_id)
    where service in ('inventory', 'feedback');
