-- How many bytes came, whatever is kept of them: of what is too large only its beginning is, and of an organisation that
-- has ten thousand letters waiting nothing.
alter table dead_letter add column size int;

create index dead_letter_kept on dead_letter (org_id)
    where state = 'waiting' and sealed is not null and door <> 'listening';
