"""Django's command line with production-like settings that need no .env: for `make check`."""

import os
import sys

os.environ |= {
    "SECRET_KEY": "9fK2-vTq8zLw4xPb7NsRd1YhGm6JcUe3AoWiXtQk5BnVyHzS0pMl",
    "ALLOWED_HOSTS": "portal.example.com",
    "CUSTOMERGAUGE_URL": "https://api.eu.customergauge.com",
    "CUSTOMERGAUGE_API_KEY": "only-for-checks",
    "MFA_REQUIRED_ROLES": "manager,admin,superuser",
    "AUDIT_SEAL_KEY": "only-for-checks-only-for-checks-only-for-checks",
    "DJANGO_SETTINGS_MODULE": "cgportal.settings",
}

if __name__ == "__main__":
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
