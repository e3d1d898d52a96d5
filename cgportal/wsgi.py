"""The web application as gunicorn loads it. It does not start with style sheets or scripts missing."""

import os

from django.contrib.staticfiles.storage import ManifestFilesMixin, staticfiles_storage
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cgportal.settings")
application = get_wsgi_application()

if isinstance(staticfiles_storage, ManifestFilesMixin):
    named = staticfiles_storage.hashed_files.values()
    if not named or not all(map(staticfiles_storage.exists, named)):
        raise ImproperlyConfigured("Style sheets or scripts are missing: run `manage.py collectstatic --noinput`.")
