import os

#: It is about locks and roles that only PostgreSQL has.
collect_ignore = [] if "postgres" in os.environ.get("DATABASE_URL", "") else ["test_postgresql.py"]
