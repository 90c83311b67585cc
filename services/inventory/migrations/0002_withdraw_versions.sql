-- Which report made a version, and whether that was withdrawn or another took its place: then it tells nothing any more.
alter table service_version add column source text, add column event_id text, add column withdrawn boolean not null default false;
alter table standard_version add column source text, add column event_id text, add column withdrawn boolean not null default false;
alter table standard_result add column source text, add column event_id text, add column withdrawn boolean not null default false;
