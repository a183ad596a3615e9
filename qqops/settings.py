"""Django settings, read from the environment. docs/settings.md lists every variable.

The demo is the default. QQOPS_ENV=production switches every safeguard on. Importing this module never starts a
database, because type checkers import it too.
"""

import ipaddress
import os
import secrets
from collections.abc import Callable
from pathlib import Path

import django_stubs_ext
import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from qqops.boot import database
from qqops.crypto import seal

# Makes generic Django classes such as ModelAdmin[Number] subscriptable at run time.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
DEMO_DIR = BASE_DIR / ".demo"

# Each variable may also be given as a file: SECRET_KEY_FILE=/run/secrets/secret_key.
env = environ.FileAwareEnv()
ENVIRONMENT = env.str("QQOPS_ENV", default="demo")
if ENVIRONMENT not in ("demo", "production"):
    raise ImproperlyConfigured(f"QQOPS_ENV is {ENVIRONMENT!r}: set it to demo or production.")
PRODUCTION = ENVIRONMENT == "production"


def _demo_key(name: str, make: Callable[[], str]) -> str:
    """Return a random key of the demo. Create its file on first use, readable by the owner only."""
    DEMO_DIR.mkdir(mode=0o700, exist_ok=True)
    path = DEMO_DIR / name
    if not path.exists():
        # Write a temporary file and link it into place, so that two processes that start at once agree on one key.
        draft = DEMO_DIR / f"{name}.{os.getpid()}"
        draft.touch(mode=0o600)
        draft.write_text(make())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text()


def _refuse_unsafe_production() -> None:
    """Raise ImproperlyConfigured with all problems in one message."""
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
    if not QQOPS_SECOND_FACTOR:
        found.append("QQOPS_SECOND_FACTOR is off")
    if not QQOPS_SEAL_KEYS:
        found.append("QQOPS_SEAL_KEYS is missing")
    elif (DEMO_DIR / "seal").exists() and (DEMO_DIR / "seal").read_text().partition(":")[2] in QQOPS_SEAL_KEYS:
        found.append("QQOPS_SEAL_KEYS has the demo's key in it")
    if not QQOPS_CHECKPOINT_KEY and not QQOPS_CHECKPOINT_PUBLIC:
        found.append("QQOPS_CHECKPOINT_KEY is missing (or QQOPS_CHECKPOINT_PUBLIC, where nothing is signed)")
    elif (DEMO_DIR / "checkpoint").exists() and (
        (DEMO_DIR / "checkpoint").read_text().partition(":")[2] in QQOPS_CHECKPOINT_KEY
    ):
        found.append("QQOPS_CHECKPOINT_KEY has the demo's key in it")
    if found:
        raise ImproperlyConfigured("Production does not start: " + "; ".join(found) + ".")


DEBUG = env.bool("DEBUG", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[] if PRODUCTION else ["127.0.0.1", "localhost", "[::1]"])
EMBEDDED_DATABASE = not env.str("DATABASE_URL", default="")
QQOPS_SECOND_FACTOR = env.bool("QQOPS_SECOND_FACTOR", default=PRODUCTION)
QQOPS_SEAL_KEYS = env.str("QQOPS_SEAL_KEYS", default="")
# The private key signs checkpoints, the public keys verify them. A process that only verifies has the public keys only.
QQOPS_CHECKPOINT_KEY = env.str("QQOPS_CHECKPOINT_KEY", default="")
QQOPS_CHECKPOINT_PUBLIC = env.str("QQOPS_CHECKPOINT_PUBLIC", default="")
if PRODUCTION:
    _refuse_unsafe_production()
SECRET_KEY = env.str("SECRET_KEY", default="") or _demo_key("secret", lambda: secrets.token_urlsafe(60))
QQOPS_SEAL_KEYS = QQOPS_SEAL_KEYS or _demo_key("seal", lambda: f"demo:{seal.new_key()}")
if not PRODUCTION and not QQOPS_CHECKPOINT_PUBLIC:
    QQOPS_CHECKPOINT_KEY = QQOPS_CHECKPOINT_KEY or _demo_key("checkpoint", lambda: f"demo:{seal.new_key()}")
for _name, _keys in {
    "QQOPS_SEAL_KEYS": QQOPS_SEAL_KEYS,
    "QQOPS_CHECKPOINT_KEY": QQOPS_CHECKPOINT_KEY,
    "QQOPS_CHECKPOINT_PUBLIC": QQOPS_CHECKPOINT_PUBLIC,
}.items():
    try:
        seal.read_keys(_keys) if _keys else None
    except ValueError as problem:
        raise ImproperlyConfigured(f"{_name} cannot be read: {problem}.") from problem

# Settings of qqops itself
QQOPS_DEMO_PASSWORD = env.str("QQOPS_DEMO_PASSWORD", default="")
QQOPS_NUMBER_MAX = env.int("QQOPS_NUMBER_MAX", default=99_999_999_999)
QQOPS_CHUNK = env.int("QQOPS_CHUNK", default=10_000)
QQOPS_QUARANTINE_DAYS = env.int("QQOPS_QUARANTINE_DAYS", default=180)
if QQOPS_QUARANTINE_DAYS < 90:  # bindings of the former holder elsewhere need this long to expire
    raise ImproperlyConfigured(f"QQOPS_QUARANTINE_DAYS is {QQOPS_QUARANTINE_DAYS}: at least 90.")
# Numbers a day that one person may change alone, and may file for approval. A BY_ROLE value overrides them for a role.
# For a person with several roles the highest value counts.
QQOPS_DAILY_TARGETS = env.int("QQOPS_DAILY_TARGETS", default=500)
QQOPS_DAILY_TARGETS_BY_ROLE = env.dict("QQOPS_DAILY_TARGETS_BY_ROLE", cast={"value": int}, default={"agent": 50})
QQOPS_DAILY_FILED = env.int("QQOPS_DAILY_FILED", default=2_000_000)
QQOPS_DAILY_FILED_BY_ROLE = env.dict(
    "QQOPS_DAILY_FILED_BY_ROLE", cast={"value": int}, default={"resources": 20_000_000}
)
QQOPS_DAILY_REVEALS = env.int("QQOPS_DAILY_REVEALS", default=60)
QQOPS_EVIDENCE_MAX_MB = env.int("QQOPS_EVIDENCE_MAX_MB", default=20)  # of a file, and of all files of one form
if not 6 <= QQOPS_EVIDENCE_MAX_MB <= 100:  # a scan has up to 5 MB; the digest of a row accepts up to 100 MB
    raise ImproperlyConfigured(f"QQOPS_EVIDENCE_MAX_MB is {QQOPS_EVIDENCE_MAX_MB}: from 6 to 100.")
QQOPS_OPERATOR = env.str("QQOPS_OPERATOR", default="深圳市腾讯计算机系统有限公司")
# The initial value for the version of the appeal agreement (clause 7) in staff forms.
QQOPS_APPEAL_AGREEMENT = env.str("QQOPS_APPEAL_AGREEMENT", default="" if PRODUCTION else "2026-01")
# The appeal contact and the place of signature in letters to holders (clauses 10.1, 11, 12.3), in Chinese and English,
# and the delivery of the letters.
QQOPS_APPEAL_CONTACT = env.str("QQOPS_APPEAL_CONTACT", default="" if PRODUCTION else "演示客服：https://kf.example.com")
QQOPS_APPEAL_CONTACT_EN = env.str(
    "QQOPS_APPEAL_CONTACT_EN", default="" if PRODUCTION else "customer service of the demo: https://kf.example.com"
)
QQOPS_SIGNED_AT = env.str("QQOPS_SIGNED_AT", default="广东省深圳市南山区")
QQOPS_SIGNED_AT_EN = env.str("QQOPS_SIGNED_AT_EN", default="Nanshan District, Shenzhen, Guangdong")
QQOPS_NOTICE_WEBHOOK = env.str("QQOPS_NOTICE_WEBHOOK", default="")
QQOPS_NOTICE_WAIT = env.int("QQOPS_NOTICE_WAIT", default=10)  # minutes in which a notice can be withdrawn
QQOPS_RESET_WEBHOOK = env.str("QQOPS_RESET_WEBHOOK", default="")  # gets requests for new credentials (7, 6.1)
QQOPS_WEBHOOK_KEY = env.str("QQOPS_WEBHOOK_KEY", default="")  # signs messages to other systems
QQOPS_ERASURE_LIST = env.str("QQOPS_ERASURE_LIST", default="")
QQOPS_BEHIND_PROXY = env.bool("QQOPS_BEHIND_PROXY", default=False)
QQOPS_ADDRESSES = env.list("QQOPS_ADDRESSES", default=[])
try:
    list(map(ipaddress.ip_network, QQOPS_ADDRESSES))
except ValueError as problem:
    raise ImproperlyConfigured(f"QQOPS_ADDRESSES cannot be read: {problem}.") from problem

# Destinations of alerts besides the overview page. Without EMAIL_URL no mail is sent.
ALERT_EMAIL = env.list("ALERT_EMAIL", default=[])
ALERT_WEBHOOK = env.str("ALERT_WEBHOOK", default="")
vars().update(env.email_url("EMAIL_URL", default="dummymail://"))
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="qqops@localhost")

# The state feed: a webhook that receives it besides the readers that poll, and the delay (minutes) after which a
# reader counts as late.
QQOPS_STATES_WEBHOOK = env.str("QQOPS_STATES_WEBHOOK", default="")
QQOPS_STATES_LAG = env.int("QQOPS_STATES_LAG", default=5)
if QQOPS_STATES_LAG < 1:
    raise ImproperlyConfigured(f"QQOPS_STATES_LAG is {QQOPS_STATES_LAG}: at least 1 minute.")

INSTALLED_APPS = [
    "qqops",
    "qqops.staff",
    "qqops.audit",
    "qqops.alerts",
    "qqops.crypto",
    "accounts",
    "enforcement",
    "appeals",
    "qqops.site.OpsAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "simple_history",
    "pgtrigger",
    "csp",
    "procrastinate.contrib.django",
]

MIDDLEWARE = [
    # First: the request id of every response and log line, and the log line of the request.
    "qqops.audit.origin.OriginMiddleware",
    "qqops.boot.access_log.AccessMiddleware",
    # Headers of every response, including errors, redirects and refused addresses from the middleware below.
    "django.middleware.security.SecurityMiddleware",
    "qqops.web.headers.HeadersMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "qqops.boot.probes.ProbesMiddleware",
    "qqops.web.language.LanguageMiddleware",
    "qqops.staff.signin.middleware.AllowList",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "qqops.staff.signin.middleware.SessionMiddleware",
    "qqops.web.outage.OutageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "qqops.staff.signin.middleware.DoorMiddleware",
    "allauth.account.middleware.AccountMiddleware",
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
LOGIN_URL = "account_login"
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

# Sign-in by django-allauth, with rate limits of qqops/staff/signin/throttle.py (docs/decisions/0004-sign-in.md).
ACCOUNT_ADAPTER = "qqops.staff.signin.adapter.AccountAdapter"
ACCOUNT_FORMS = {"login": "qqops.staff.signin.forms.LoginForm"}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_USER_MODEL_EMAIL_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_RATE_LIMITS = False
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
MFA_ADAPTER = "qqops.staff.signin.adapter.MFAAdapter"
MFA_FORMS = {
    "activate_totp": "qqops.staff.signin.forms.EnrolForm",
    "authenticate": "qqops.staff.signin.forms.CodeForm",
    "reauthenticate": "qqops.staff.signin.forms.CodeAgainForm",
    "add_webauthn": "qqops.staff.signin.forms.AddPasskeyForm",
    "authenticate_webauthn": "qqops.staff.signin.forms.PasskeyForm",
    "reauthenticate_webauthn": "qqops.staff.signin.forms.PasskeyAgainForm",
    "login_webauthn": "qqops.staff.signin.forms.PasskeyAloneForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # staff have no e-mail address
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_RATE_LIMITS = False
PASSWORD_RESET_TIMEOUT = 72 * 3600  # seconds; life of the link to a first password

SESSION_ENGINE = "qqops.staff.sessions.store"
SESSION_COOKIE_AGE = 12 * 3600  # seconds; the store ends idle sessions sooner
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
# One cache for all workers, so that no worker accepts a one-time code a second time.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "staff_cache",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
}

LANGUAGES = [("zh-hans", _("Simplified Chinese")), ("en", _("English"))]
LANGUAGE_CODE = env.str("QQOPS_LANGUAGE", default="zh-hans")
if LANGUAGE_CODE not in dict(LANGUAGES):
    raise ImproperlyConfigured(f"QQOPS_LANGUAGE is {LANGUAGE_CODE!r}: set it to zh-hans or en.")
LOCALE_PATHS = [BASE_DIR / "qqops" / "locale"]
FORMAT_MODULE_PATH = "qqops.formats"
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True

STATIC_URL = "static/"
# The demo serves static files from the source folders, without collectstatic.
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
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz)$"]  # probes call the process directly, not through the proxy
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
if QQOPS_BEHIND_PROXY:
    # Only behind a proxy that sets this header: without one, any client could claim HTTPS.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# Uploads may hold personal data: keep them in memory, never in a temporary file. They are sealed before storage.
FILE_UPLOAD_HANDLERS = ["qqops.web.uploads.BoundedUploadHandler"]
FILE_UPLOAD_MAX_MEMORY_SIZE = QQOPS_EVIDENCE_MAX_MB * 1024 * 1024

SIMPLE_HISTORY_REVERT_DISABLED = True
# No query reads history by date alone, and every act would pay for the index.
SIMPLE_HISTORY_DATE_INDEX = False
PGTRIGGER_MIGRATIONS = True
PROCRASTINATE_ON_APP_READY = "qqops.crypto.startup.worker"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"},
        "json": {"()": "qqops.boot.logs.JsonLine"},
    },
    "filters": {"links": {"()": "qqops.boot.logs.HideLinks"}, "whence": {"()": "qqops.boot.logs.Whence"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "json" if PRODUCTION else "line",
            "filters": ["links", "whence"],
        }
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": [], "level": "WARNING", "propagate": True},
        # At DEBUG it logs whole template contexts, revealed personal data included: never allow that level.
        "django.template": {"level": "INFO"},
        # Production logs every request here, so django.request need not repeat a 404.
        "qqops.access": {"level": "INFO" if PRODUCTION else "WARNING"},
        "django.request": {"level": "ERROR" if PRODUCTION else "WARNING"},
        "gunicorn.error": {"handlers": [], "level": "WARNING", "propagate": True},
    },
}
