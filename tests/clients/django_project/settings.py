"""Settings of a Django project with one application, catalogue."""

import os

INSTALLED_APPS = ["django.contrib.postgres", "catalogue"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": os.environ["PGHOST"],
        "NAME": os.environ["PGDATABASE"],
        "USER": "postgres",
    }
}
USE_TZ = True
