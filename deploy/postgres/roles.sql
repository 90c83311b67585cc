-- The roles of one service, made where they are missing, with the passwords given. Run by the administrator, after
--   select set_config('guichet.service', 'status', false), set_config('guichet.owner_password', '...', false),
--          set_config('guichet.password', '...', false), set_config('guichet.reader_password', '...', false);
-- <service>_owner makes and changes tables (migrations); <service> reads and writes rows; <service>_reader reads them.
-- What each may do with a table is granted when the tables are made (shared/migrating.py).
do $$
declare
    service text := current_setting('guichet.service');
    role    text;
    secret  text;
begin
    for role, secret in
        select * from (values (service || '_owner',  current_setting('guichet.owner_password')),
                              (service,              current_setting('guichet.password')),
                              (service || '_reader', current_setting('guichet.reader_password'))) as wanted
    loop
        if not exists (select from pg_roles where rolname = role) then
            execute format('create role %I', role);
        end if;
        execute format('alter role %I login nosuperuser nocreatedb nocreaterole noinherit password %L', role, secret);
    end loop;
end
$$;
