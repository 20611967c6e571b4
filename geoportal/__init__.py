"""The Django project: settings, addresses, WSGI entry. What the portal does is in ``layers``."""
