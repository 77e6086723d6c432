"""A site with a database of its own, and comet as a second one."""

from pathlib import Path

SECRET_KEY = "change me"
DEBUG = True
ROOT_URLCONF = "urls"
INSTALLED_APPS = ["chat"]
MIDDLEWARE = ["django.middleware.csrf.CsrfViewMiddleware"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
TIME_ZONE = "UTC"
USE_TZ = True

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": Path(__file__).parent / "site.sqlite3",
    },
    "comet": {
        "ENGINE": "django.db.backends.mysql",
        "HOST": "127.0.0.1",
        "PORT": 3307,
        "USER": "root",
        "PASSWORD": "PASSWORD",
        "NAME": "CometQL_v1",
        "OPTIONS": {"charset": "utf8mb4"},
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    },
}
DATABASE_ROUTERS = ["chat.router.CometRouter"]

# Where browsers find comet.
COMET_NODE = "127.0.0.1:8087"
