"""Django's settings: one file for a therapist's own machine and for a clinic's server.

On the own machine nothing need be set: an encrypted SQLite file in the data folder. A clinic sets
DATABASE_URL (PostgreSQL), REATTUNE_HOSTS and REATTUNE_TLS=1 behind its own TLS proxy; see
docs/clinic.md.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import dj_database_url
from csp.constants import NONE, SELF
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from reattune.settings import data_folder
from reattune.web import vault

HERE = Path(__file__).parent
DEBUG = False
SECRET_KEY = lazy(vault.django_secret, str)()
TLS = os.environ.get("REATTUNE_TLS") == "1"
ALLOWED_HOSTS = os.environ.get("REATTUNE_HOSTS", "127.0.0.1,localhost,[::1]").split(",")
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS] if TLS else []

INSTALLED_APPS = [
    "reattune.web.accounts",
    "reattune.web.audit",
    "reattune.web.clients",
    "reattune.web.reviews",
    "reattune.web.checkins",
    "reattune.web.followup",
    "reattune.web.plans",
    "reattune.web.journal",
    "reattune.web.sharing",
    "reattune.web.coding",
    "reattune.web.practice",
    "reattune.web.search",
    "reattune.web.api",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "axes",
    "csp",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "reattune.web.middleware.idle",
    "reattune.web.journal.lock.idle",
    "reattune.web.middleware.signed_in",
    "reattune.web.checkins.kiosk.locked",
    "reattune.web.middleware.own_language",
    "reattune.web.middleware.private",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "reattune.web.urls"
WSGI_APPLICATION = "reattune.web.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [HERE / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "reattune.web.context.frame",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.tz",
                "reattune.web.templatetags.reattune",
            ],
        },
    }
]
DATABASES: dict[str, dict[str, Any]]
if os.environ.get("DATABASE_URL"):
    DATABASES = {"default": dict(dj_database_url.config(conn_max_age=600, conn_health_checks=True))}
else:
    DATABASES = {
        "default": {
            "ENGINE": "reattune.web.sqlcipher",
            "NAME": data_folder() / "reattune.db",
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;"
                "PRAGMA secure_delete=ON;PRAGMA temp_store=MEMORY;PRAGMA cache_size=-16000",
            },
            "TEST": {"NAME": data_folder() / "test.db"},
        }
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in (
        ("UserAttributeSimilarityValidator", {"user_attributes": ("username", "name")}),
        ("MinimumLengthValidator", {"min_length": 12}),
        ("CommonPasswordValidator", {}),
        ("NumericPasswordValidator", {}),
    )
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
OTP_TOTP_ISSUER = "Reattune"

AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "accounts/locked.html"
AXES_VERBOSE = False
AXES_ENABLE_ADMIN = False

API_PER_MINUTE = int(os.environ.get("REATTUNE_API_PER_MINUTE", "120"))  # requests a token
IDLE_SECONDS = int(os.environ.get("REATTUNE_IDLE_MINUTES", "30")) * 60
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_NAME = "reattune"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SECURE = TLS
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_COOKIE_SECURE = TLS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_FAILURE_VIEW = "reattune.web.errors.csrf_failure"
SECURE_SSL_REDIRECT = TLS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TLS else None
SECURE_HSTS_SECONDS = 365 * 86400 if TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = TLS
SECURE_HSTS_PRELOAD = TLS
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 << 20
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
"""Uploads stay in memory: nothing unencrypted is written to a temporary folder."""
FILE_UPLOAD_MAX_MEMORY_SIZE = 64 << 20

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("de", _("German")), ("es", _("Spanish"))]
CHECKIN_LANGUAGES = [*LANGUAGES, ("fr", _("French")), ("pt", _("Portuguese"))]
LANGUAGE_COOKIE_NAME = "reattune_language"
USE_I18N = True
USE_TZ = True
TIME_ZONE = os.environ.get("REATTUNE_TIME_ZONE", "UTC")

STATIC_URL = "/static/"
STATICFILES_DIRS = [HERE / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "reattune.web.finders.ReportStyles",
]
LOCALE_PATHS = [HERE / "locale"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_MAX_AGE = 0  # pages name a static file with its version, see context.py

EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
if os.environ.get("REATTUNE_SMTP_HOST"):
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST = os.environ["REATTUNE_SMTP_HOST"]
    EMAIL_PORT = int(os.environ.get("REATTUNE_SMTP_PORT", "587"))
    EMAIL_HOST_USER = os.environ.get("REATTUNE_SMTP_USER", "")
    EMAIL_HOST_PASSWORD = os.environ.get("REATTUNE_SMTP_PASSWORD", "")
    EMAIL_USE_TLS = True
    EMAIL_TIMEOUT = 20
    DEFAULT_FROM_EMAIL = os.environ.get("REATTUNE_SMTP_FROM", EMAIL_HOST_USER)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "filters": {"wordless": {"()": "reattune.web.logs.Wordless"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "plain",
            "filters": ["wordless"],
        }
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"django.request": {"handlers": ["console"], "propagate": False}},
}
SILENCED_SYSTEM_CHECKS: list[str] = []
