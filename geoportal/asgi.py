"""The ASGI application, served by granian in one process: ``/events`` and nothing else, for the WSGI workers'
threads are too few to wait in."""

import os
import resource

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "geoportal.settings")
django.setup()

from geoportal.events import Events  # noqa: E402  (settings and models are loaded only now)
from layers.query.silence import silence_watch  # noqa: E402

_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a stream is an open file

silence_watch()
application = Events()
