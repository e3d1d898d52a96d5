"""All settings of the portal. The only reader of the environment; `.env.example` lists the variables.

Deployment: https://docs.djangoproject.com/en/5.2/howto/deployment/checklist/
"""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from . import environment, logs, retention, single_sign_on
from .retention import Days

BASE_DIR = Path(__file__).resolve().parent.parent
environment.env.read_env(BASE_DIR / ".env")  # variables that are set already win

# -- core ---------------------------------------------------------------------------------------------------
DEBUG = environment.flag("DEBUG", default=False)
SECRET_KEY = environment.text("SECRET_KEY")
if len(SECRET_KEY) < 32:
    raise ImproperlyConfigured("SECRET_KEY must be set to at least 32 random characters (see .env.example).")
ALLOWED_HOSTS = environment.names("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
VAR_DIR = environment.directory("VAR_DIR", BASE_DIR / "var")
ROOT_URLCONF = "cgportal.urls"
WSGI_APPLICATION = "cgportal.wsgi.application"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.usersessions",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_htmx",
    "js_lib_bootstrap5",
    "csp",
    "import_export",
    "uploads.apps.UploadsConfig",  # last: its roles need the permissions that auth makes after migrate
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "uploads.audit.middleware.PrivatePages",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "uploads.audit.middleware.RecordRefusals",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "uploads.access.seen.NoteLastSeen",
    "uploads.access.required.SecondFactorFirst",
    "django_htmx.middleware.HtmxMiddleware",
    "uploads.entry.zones.OwnZone",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "uploads.health.banner",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"
CRISPY_FAIL_SILENTLY = False

# -- database -----------------------------------------------------------------------------------------------
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": environment.database("DATABASE_URL", f"sqlite:///{VAR_DIR / 'portal.sqlite3'}")}
WEB_THREADS = environment.whole_number("WEB_THREADS", 4, 1, 64)
if "sqlite3" in DATABASES["default"]["ENGINE"]:
    DATABASES["default"]["NAME"] = BASE_DIR / DATABASES["default"]["NAME"]  # not where one happens to stand
    # A reply of "saved" needs synchronous=FULL; IMMEDIATE takes the write lock at BEGIN, so that no
    # transaction finds out halfway that somebody else was first; REPLACE must fire the guards of the audit log.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
        " PRAGMA recursive_triggers=ON; PRAGMA secure_delete=ON; PRAGMA cache_size=-16000;",
    }
else:
    # min_size 0 would reconnect all the time; a thread holds one connection at most.
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    pool = {"min_size": 1, "max_size": WEB_THREADS + 2, "timeout": 10}
    DATABASES["default"]["OPTIONS"] = DATABASES["default"].get("OPTIONS", {}) | {"pool": pool}
CACHES = {
    # Shared by all web processes: the limits on sign-in are counted here.
    "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"},
}

# -- side jobs ----------------------------------------------------------------------------------------------
QUEUE_URL = environment.text("QUEUE_URL")  # redis://…; empty: a file beside SQLite, or tables in PostgreSQL
if QUEUE_URL and not QUEUE_URL.startswith(("redis://", "rediss://")):
    raise ImproperlyConfigured("QUEUE_URL must begin with redis:// or rediss://, or stay empty.")

# -- people, sessions, sign-in ------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "uploads.access.passwords.WordsOfTheHouse"},
]
ACCOUNT_ADAPTER = "uploads.signin.ClosedSignUp"
ACCOUNT_EMAIL_NOTIFICATIONS = True  # whoever's password or second factor changes hears of it
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = False
# Whole offices share one address; a guesser is stopped by the limit per name.
ACCOUNT_RATE_LIMITS = {"login": "600/m/ip", "login_failed": "60/m/ip,10/5m/key"}
MFA_ADAPTER = "uploads.access.factors.SecondFactors"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_RECOVERY_CODE_COUNT = 10
MFA_RATE_LIMITS = {"webauthn_login": "300/m/ip"}  # as above: an office, not a person; no key can be guessed
MFA_TOTP_ISSUER = "cgportal"
MFA_TOTP_TOLERANCE = 1  # telephones whose clocks are up to half a minute wrong
MFA_ALLOW_UNVERIFIED_EMAIL = True  # addresses are the operator's word
MFA_REQUIRED_ROLES = environment.some_of("MFA_REQUIRED_ROLES", (*single_sign_on.ROLES, "superuser"))
MFA_KEY = environment.text("MFA_KEY")
if MFA_KEY and len(MFA_KEY) < 32:
    raise ImproperlyConfigured("MFA_KEY must be at least 32 random characters, or empty (see .env.example).")
SSO = single_sign_on.read()
SOCIALACCOUNT_ADAPTER = "uploads.access.newcomers.CompanyPeople"
USERSESSIONS_TRACK_ACTIVITY = False  # it would write at every request
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
SESSION_ENGINE = "uploads.sessions"
SESSION_COOKIE_AGE = int(timedelta(hours=12).total_seconds())  # one shift
SESSION_EXPIRE_AT_BROWSER_CLOSE = True

# -- browser security ---------------------------------------------------------------------------------------
HTTPS = environment.flag("HTTPS", default=not environment.this_machine_only(ALLOWED_HOSTS))
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = int(timedelta(days=730).total_seconds()) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]  # asked by machines on the inside
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
CSRF_COOKIE_HTTPONLY = SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "uploads.entry.views.out_of_date"
X_FRAME_OPTIONS = "DENY"
if environment.flag("BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    ALLAUTH_TRUSTED_PROXY_COUNT = 1
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'", *([SSO.origin] if SSO else [])],  # the button on the sign-in page leads there
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "object-src": ["'none'"],
        "manifest-src": ["'self'"],
    }
}

# -- static files -------------------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = environment.directory("STATIC_ROOT", VAR_DIR / "static")
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True

# -- language and time --------------------------------------------------------------------------------------
LANGUAGE_CODE = "en-gb"
FORMAT_MODULE_PATH = ["cgportal.formats"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = environment.zone("TIME_ZONE", "UTC")

# -- mail ---------------------------------------------------------------------------------------------------
# Printed mails are for development: whoever reads the log of a real portal must not find links to people's accounts.
EMAIL_CONFIGURED = DEBUG or bool(environment.text("EMAIL_URL"))
vars().update(environment.email("EMAIL_URL", "consolemail://" if DEBUG else "dummymail://"))
EMAIL_TIMEOUT = 10  # seconds
DEFAULT_FROM_EMAIL = next(iter(environment.addresses("EMAIL_FROM")), "cgportal@localhost")

# -- watching the portal ------------------------------------------------------------------------------------
PORTAL_URL = environment.site("PORTAL_URL")  # for links in mails
ALERT_RECIPIENTS = environment.addresses("ALERT_RECIPIENTS")
ALERT_SECONDS = environment.whole_number("ALERT_SECONDS", 60, 1, 3600)
METRICS_TOKEN = environment.token("METRICS_TOKEN")

# -- CustomerGauge ------------------------------------------------------------------------------------------
CUSTOMERGAUGE_URL = environment.service_url("CUSTOMERGAUGE_URL")
PRACTICE = environment.is_loopback(CUSTOMERGAUGE_URL)  # only a target on this machine can be the simulator
CUSTOMERGAUGE_API_KEY = environment.header_value("CUSTOMERGAUGE_API_KEY")
CUSTOMERGAUGE_CLIENT_ID = environment.text("CUSTOMERGAUGE_CLIENT_ID")
CUSTOMERGAUGE_CLIENT_SECRET = environment.text("CUSTOMERGAUGE_CLIENT_SECRET")
CUSTOMERGAUGE_TOKEN_URL = environment.service_url("CUSTOMERGAUGE_TOKEN_URL", path_allowed=True) or (
    # Authenticating using OAuth2 (support article 5000846993): the API's region names the host of the tokens
    re.sub(r"//api\.(\w+)\.customergauge\.com$", r"//auth.\1.customergauge.com", CUSTOMERGAUGE_URL) + "/oauth2/token"
    if CUSTOMERGAUGE_URL
    else ""
)
CUSTOMERGAUGE_FORMAT: Any = environment.one_of("CUSTOMERGAUGE_FORMAT", ("json", "xml"))
CUSTOMERGAUGE_TIME_ZONE = environment.zone("CUSTOMERGAUGE_TIME_ZONE", TIME_ZONE)
SUBMISSION_HOLD_SECONDS = environment.whole_number("SUBMISSION_HOLD_SECONDS", 15, 0, 3600)
CUSTOMERGAUGE_RATE = environment.whole_number("CUSTOMERGAUGE_RATE", 0, 0, 10_000)  # calls a second; 0: no limit
CUSTOMERGAUGE_READ_BACK = environment.flag("CUSTOMERGAUGE_READ_BACK", default=False)
DELIVERY_THREADS = environment.whole_number("DELIVERY_THREADS", 32, 1, 256)

# -- audit --------------------------------------------------------------------------------------------------
AUDIT_SEAL_KEY = environment.text("AUDIT_SEAL_KEY")
if AUDIT_SEAL_KEY and len(AUDIT_SEAL_KEY) < 32:
    raise ImproperlyConfigured("AUDIT_SEAL_KEY must be at least 32 random characters, or empty (see .env.example).")
AUDIT_ANCHOR_RECIPIENTS = environment.addresses("AUDIT_ANCHOR_RECIPIENTS")
RETENTION = retention.periods(  # kind → how long it is kept; None: for ever
    {
        "drafts": Days("RETENTION_DRAFTS_DAYS", 30, 1),
        "calls": Days("RETENTION_CALLS_DAYS", 365, 7),
        "exchanges": Days("RETENTION_EXCHANGES_DAYS", 730, 7),
        "contents": Days("RETENTION_CONTENTS_DAYS", 1825, 30),
        "facts": Days("RETENTION_FACTS_DAYS", 3650, 365),
    }
)

# -- entry --------------------------------------------------------------------------------------------------
FILE_UPLOAD_MAX_MEMORY_SIZE = 6_000_000  # bytes: a list of results stays in memory and is never written to a file
SURVEY_MAX_AGE_DAYS = environment.whole_number("SURVEY_MAX_AGE_DAYS", 3650, 1, 36_500)

# -- secrets that must never be written down: masked at the door of the audit log ----------------------------
SECRETS = [
    secret
    for secret in (
        SECRET_KEY,
        CUSTOMERGAUGE_API_KEY,
        CUSTOMERGAUGE_CLIENT_SECRET,
        AUDIT_SEAL_KEY,
        MFA_KEY,
        SSO.client_secret if SSO else "",
        METRICS_TOKEN,
        DATABASES["default"].get("PASSWORD"),
    )
    if secret and len(secret) >= 6  # a shorter one would mask ordinary words
]

# -- logging: ids, never words of customers ------------------------------------------------------------------
LOGGING = logs.config(environment.one_of("LOG_FORMAT", logs.FORMATS))
