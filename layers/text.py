"""Words for people, in Indonesian and English, side by side where they are used."""

from django.utils.functional import lazy
from django.utils.translation import get_language, gettext


def _text(id: str, en: str) -> str:
    language = get_language() or "id"
    return id if language.startswith("id") else gettext(en)


text = lazy(_text, str)
"""``text("pasar", "market")`` reads in the language that is active when it is shown, Indonesian by default.

A third language needs a gettext catalogue whose message ids are the English words; no code changes.
"""
