"""The WSGI application, served by granian."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "geoportal.settings")

application = get_wsgi_application()

from layers.checks import require  # noqa: E402  (models are loaded only now)

require()
