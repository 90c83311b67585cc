-- Who may enter the databases that every PostgreSQL comes with (run by the administrator, before roles.sql): the administrator
-- alone. Without this, each service's role could look from there who else there is, and fill the disk with temporary tables.
do $$
begin
    revoke connect, temporary on database postgres, template1 from public;
    execute format('grant connect, temporary on database postgres, template1 to %I', current_user);
end
$$;
