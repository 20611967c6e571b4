"""The WSGI application, served by granian."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "geoportal.settings")

portal = get_wsgi_application()

from layers.answers import Answers  # noqa: E402  (models are loaded only now)
from layers.checks import require  # noqa: E402
from layers.query.silence import silence_watch  # noqa: E402

require()
silence_watch()
application = Answers(portal)
