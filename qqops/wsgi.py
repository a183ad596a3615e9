import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qqops.settings")
application = get_wsgi_application()

from qqops.crypto import startup  # noqa: E402  # its models need the app registry

startup.web()
