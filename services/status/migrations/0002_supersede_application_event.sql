-- A report that another took the place of, or that was withdrawn, stays and tells nothing any more. Each report keeps the
-- client it named, so that correcting one corrects whose application it is.
alter table application_event add column superseded_by text;
alter table application_event add column sealed_client bytea;
alter table application_event add column client_hash bytea;
-- Every report of it was withdrawn: it is nobody's, and counts nowhere.
alter table application add column void boolean not null default false;
