-- A subscription is suspended for days of failures, not for two of them with months without a try between.
alter table subscription add failed_at timestamptz;
update subscription set failed_at = now() where failing_since is not null;
