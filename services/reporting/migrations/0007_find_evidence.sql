-- Compliance is judged by all that was recorded of one organisation but its applications, which are the many: what they
-- are found by costs them nothing.
create index logged_event_by_organization on logged_event (org_id, position)
    where service in ('inventory', 'feedback');

-- What concerns more organisations than the one that reported it.
create index logged_event_shared on logged_event (position)
    where service = 'inventory'
      and (type = 'guichet.inventory.ServiceTransferred.v1'
           or (type = 'guichet.inventory.StewardshipRecorded.v1'
               and strpos(value, '"kind":"mandatory_service_listed"') > 0));

-- Where the log stood when a span became void: what was said before stays as it was said.
alter table void_span add column position bigint not null default 0;

-- When a service's applications were last heard of before a moment: our own live page was fresh then. Moments ascend in the
-- log, so that the least and the greatest of each stretch of it say where to look.
create index logged_event_by_moment on logged_event using brin (recorded_at) with (pages_per_range = 64, autosummarize = on);
