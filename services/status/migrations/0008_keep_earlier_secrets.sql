-- Whoever rotates twice within a day was promised twice that the secret before signs for a day: those before the last one.
create table earlier_secret (
    subscription_id text        not null references subscription on delete cascade,
    sealed_secret   bytea       not null,
    until           timestamptz not null,
    primary key (subscription_id, until)
);
