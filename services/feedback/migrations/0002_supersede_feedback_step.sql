-- A report that another took the place of, or that was withdrawn, stays and tells nothing any more.
alter table feedback_step add column superseded_by text;
