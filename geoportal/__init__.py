"""The Django project: settings, addresses, WSGI entry, events process (ASGI). What the portal does is in ``layers``."""
