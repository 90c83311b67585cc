-- Who looks after a webhook's receiver seldom looks here: a mailbox, sealed, that is told when deliveries are suspended or
-- ended. Written to once whoever reads it has opened a link.
alter table subscription add sealed_contact bytea, add contact_confirmed_at timestamptz;
