"""What keeps the audit log honest around its tables: guards in the database, refusals and sign-ins on the record."""
