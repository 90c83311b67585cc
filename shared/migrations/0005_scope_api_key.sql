-- What a key opens: which services, and for what (`report` events, `read` what the department may read). Every service
-- keeps every key, so that one without a right here is told so, instead of being taken for a stranger.
alter table api_key add column services text[];
alter table api_key add column actions text[] not null default '{report,read}';
