-- Two roles for the portal's database: one owns the tables and migrates, the other runs the portal.
-- With it, whoever gets hold of the running portal's password can add to the audit log, and can neither change what
-- is in it nor take its guards away.
--
-- Run it as a superuser in the portal's own database, before the first migrate or at any time after, as often as you
-- like:      psql -v ON_ERROR_STOP=1 -d cgportal -f docs/postgresql_roles.sql
-- Then give both a password (\password cgportal_owner, \password cgportal_app), run `manage.py migrate` with the
-- owner's DATABASE_URL, and web and workers with the application's. Each migrate grants the application exactly what
-- it needs: on tables whose rows are written once SELECT and INSERT, on the others also UPDATE and DELETE.

DO $$
DECLARE
    role text;
    thing record;
BEGIN
    FOREACH role IN ARRAY ARRAY['cgportal_owner', 'cgportal_app'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE', role);
        END IF;
    END LOOP;

    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO cgportal_owner', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO cgportal_app', current_database());

    -- whoever may create things in public could plant a function that the owner calls by mistake
    ALTER SCHEMA public OWNER TO cgportal_owner;
    REVOKE ALL ON SCHEMA public FROM PUBLIC;
    GRANT USAGE ON SCHEMA public TO cgportal_app;

    -- searching the history needs it to be fast; whoever owns the tables may not install it
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm') THEN
        CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public;
    END IF;

    -- the queue of side jobs makes its own tables, and has a place where it may
    CREATE SCHEMA IF NOT EXISTS cgportal_queue AUTHORIZATION cgportal_app;

    -- what is there already, from a time with one role
    FOR thing IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') LOOP
        EXECUTE format('ALTER TABLE public.%I OWNER TO cgportal_owner', thing.relname);
    END LOOP;
    FOR thing IN SELECT oid::regprocedure AS signature FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'cgportal\_%' LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO cgportal_owner', thing.signature);
    END LOOP;
END
$$;
