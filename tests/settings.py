"""The product's settings, with what a test must not depend on taken out: the machine, a collect step, slow hashes."""

import os
import tempfile

for name in ("CUSTOMERGAUGE_API_KEY", "CUSTOMERGAUGE_CLIENT_ID", "CUSTOMERGAUGE_CLIENT_SECRET", "QUEUE_URL"):
    os.environ.pop(name, None)
os.environ |= {
    "SECRET_KEY": "only-for-tests-only-for-tests-only-for-tests",
    "VAR_DIR": tempfile.mkdtemp(prefix="cgportal-test-"),
    "TIME_ZONE": "Europe/Amsterdam",
    "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
    "HTTPS": "false",
    "CUSTOMERGAUGE_URL": "http://127.0.0.1:9",
    "CUSTOMERGAUGE_API_KEY": "canary-key-4d1f7a",
    "EMAIL_URL": "memorymail://",
    "AUDIT_SEAL_KEY": "a-key-that-seals-only-the-logs-of-tests",
}
os.environ.setdefault("DATABASE_URL", f"sqlite:///{os.environ['VAR_DIR']}/portal.sqlite3")

from cgportal.settings import *  # noqa: E402, F403
from cgportal.settings import STORAGES  # noqa: E402

os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # a browser test leaves its event loop in the main thread
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
