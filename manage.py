#!/usr/bin/env python
"""Django's command line for the geoportal."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "geoportal.settings")
    os.environ.setdefault("STATEMENT_TIMEOUT", "0")  # a command takes the time it needs
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except KeyboardInterrupt:
        sys.exit(130)  # as shells say it of what Ctrl-C ended
    except ImproperlyConfigured as error:
        sys.exit(f"{sys.argv[0]}: {error}")
