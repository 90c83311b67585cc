-- A dead letter is replayed or dropped: what has become of it, and what its replay was answered.
alter table dead_letter
    alter column sealed drop not null,
    add column state text not null default 'waiting' check (state in ('waiting', 'accepted', 'dropped')),
    add column replays int not null default 0,
    add column replayed_at timestamptz,
    -- The answer of the replay that was accepted; asked again, it is answered again.
    add column receipt jsonb;

-- A record of another service's topic came by no door.
update dead_letter set door = 'listening' where topic is not null and topic not like 'ingest.%';

create index dead_letter_waiting on dead_letter (code) where state = 'waiting';
