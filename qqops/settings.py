"""Settings, from the environment; README lists every variable.

One file: the demo is the default, QQOPS_ENV=production switches every safeguard on. Importing this module
never starts a database: type checkers import it too.
"""

import os
import secrets
from pathlib import Path

import django_stubs_ext
import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from qqops import database

# Lets ModelAdmin[Number] and its like be written at run time too, as the type checker reads them.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
DEMO_DIR = BASE_DIR / ".demo"

env = environ.Env()
ENVIRONMENT = env.str("QQOPS_ENV", default="demo")
if ENVIRONMENT not in ("demo", "production"):
    raise ImproperlyConfigured(f"QQOPS_ENV is {ENVIRONMENT!r}: set it to demo or production.")
PRODUCTION = ENVIRONMENT == "production"


def _demo_secret() -> str:
    """The demo's own random key, made once and readable by its owner only."""
    DEMO_DIR.mkdir(mode=0o700, exist_ok=True)
    path = DEMO_DIR / "secret"
    if not path.exists():
        # Written aside and linked into place: of two processes starting at once, one key wins whole.
        draft = DEMO_DIR / f"secret.{os.getpid()}"
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(60))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text()


def _refuse_unsafe_production() -> None:
    """Name everything that is missing at once, so that one attempt is enough."""
    key, found = env.str("SECRET_KEY", default=""), []
    if len(key) < 50 or len(set(key)) < 5:
        found.append("SECRET_KEY is missing or shorter than 50 characters")
    elif key.startswith("django-insecure-"):
        found.append("SECRET_KEY is an insecure default")
    elif (DEMO_DIR / "secret").exists() and key == (DEMO_DIR / "secret").read_text():
        found.append("SECRET_KEY is the demo's")
    if DEBUG:
        found.append("DEBUG is on")
    if EMBEDDED_DATABASE:
        found.append("DATABASE_URL is missing, and the embedded database is for the demo only")
    if not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS:
        found.append("ALLOWED_HOSTS does not name the hosts to serve")
    if found:
        raise ImproperlyConfigured("Production does not start: " + "; ".join(found) + ".")


DEBUG = env.bool("DEBUG", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[] if PRODUCTION else ["127.0.0.1", "localhost", "[::1]"])
EMBEDDED_DATABASE = not env.str("DATABASE_URL", default="")
if PRODUCTION:
    _refuse_unsafe_production()
SECRET_KEY = env.str("SECRET_KEY", default="") or _demo_secret()

# What the house itself reads
QQOPS_DEMO_PASSWORD = env.str("QQOPS_DEMO_PASSWORD", default="")
QQOPS_NUMBER_MAX = env.int("QQOPS_NUMBER_MAX", default=99_999_999_999)
QQOPS_CHUNK = env.int("QQOPS_CHUNK", default=10_000)
QQOPS_DAILY_TARGETS = env.int("QQOPS_DAILY_TARGETS", default=500)

INSTALLED_APPS = [
    "qqops",
    "qqops.staff",
    "qqops.audit",
    "accounts",
    "enforcement",
    "appeals",
    "qqops.site.OpsAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "simple_history",
    "pgtrigger",
    "csp",
    "procrastinate.contrib.django",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "qqops.language.LanguageMiddleware",
    "qqops.outage.OutageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "qqops.audit.origin.OriginMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
]

ROOT_URLCONF = "qqops.urls"
WSGI_APPLICATION = "qqops.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = database.settings_dicts(BASE_DIR, env)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "staff.Staff"
AUTHENTICATION_BACKENDS = ["qqops.staff.backend.RoleBackend"]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

LANGUAGES = [("zh-hans", _("Simplified Chinese")), ("en", _("English"))]
LANGUAGE_CODE = env.str("QQOPS_LANGUAGE", default="zh-hans")
if LANGUAGE_CODE not in dict(LANGUAGES):
    raise ImproperlyConfigured(f"QQOPS_LANGUAGE is {LANGUAGE_CODE!r}: set it to zh-hans or en.")
LOCALE_PATHS = [BASE_DIR / "qqops" / "locale"]
FORMAT_MODULE_PATH = "qqops.formats"
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True

STATIC_URL = "static/"
# The demo serves straight from the sources, so that nothing has to be collected first.
STATIC_ROOT = env.str("STATIC_ROOT", default=str(BASE_DIR / ".static")) if PRODUCTION else None
WHITENOISE_USE_FINDERS = not PRODUCTION
_static_storage = (
    "whitenoise.storage.CompressedManifestStaticFilesStorage"
    if PRODUCTION
    else "django.contrib.staticfiles.storage.StaticFilesStorage"
)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": _static_storage},
}

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
    },
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = PRODUCTION
SECURE_SSL_REDIRECT = PRODUCTION
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
if env.bool("QQOPS_BEHIND_PROXY", default=False):
    # Only behind a proxy that sets this header itself: anybody else could claim to be secure.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

SIMPLE_HISTORY_REVERT_DISABLED = True
# Nothing reads history by date alone; an index on it would be paid for by every act.
SIMPLE_HISTORY_DATE_INDEX = False
PGTRIGGER_MIGRATIONS = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"django": {"handlers": [], "level": "WARNING", "propagate": True}},
}
