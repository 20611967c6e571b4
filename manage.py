#!/usr/bin/env python
"""Django's command line for the geoportal."""

import os
import sys


def settings_choose() -> None:
    """By the options that every command has; Django itself reads them later than the language needs settings."""
    from django.core.management import handle_default_options
    from django.core.management.base import CommandParser

    parser = CommandParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--settings")
    parser.add_argument("--pythonpath")
    handle_default_options(parser.parse_known_args(sys.argv[2:])[0])


def language_activate() -> None:
    """Speak as gettext would, by the first of these variables that is set; as the portal where it asks for neither."""
    import django
    from django.utils import translation

    settings_choose()
    django.setup()
    asked = next(filter(None, map(os.environ.get, ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"))), "")
    for code in asked.split(":"):
        try:
            translation.activate(translation.get_supported_language_variant(code.partition(".")[0].replace("_", "-")))
        except LookupError:
            continue
        break


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "geoportal.settings")
    os.environ["STATEMENT_TIMEOUT"] = "0"  # which is for requests: a command takes the time it needs
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import Error

    try:
        language_activate()
        execute_from_command_line(sys.argv)
    except KeyboardInterrupt:
        sys.exit(130)  # as shells say it of what Ctrl-C ended
    except ImproperlyConfigured as error:
        sys.exit(f"{sys.argv[0]}: {error}")
    except Error as error:
        if "--traceback" in sys.argv:
            raise
        sys.exit(f"PostgreSQL: {' '.join(str(error).split())}")  # some take several lines
