-- Who may connect to the database of one service (run in it, by the administrator, after roles.sql): its own roles alone.
do $$
declare
    service text := current_setting('guichet.service');
begin
    execute format('revoke all on database %I from public', current_database());
    execute format('grant connect on database %I to %I, %I, %I', current_database(), service || '_owner', service, service || '_reader');
    revoke all on schema public from public;
    execute format('alter schema public owner to %I', service || '_owner');
end
$$;
