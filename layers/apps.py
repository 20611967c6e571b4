"""The Django application of the layers."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate

from layers.text import text


class LayersConfig(AppConfig):
    name = "layers"
    verbose_name = text("Lapisan", "Layers")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from layers import checks  # noqa: F401  (registers the system checks)
        from layers.query.hazards import hazards_attach
        from layers.query.journal import journal_attach
        from layers.query.session import session_begin
        from layers.query.silence import connection_remember
        from layers.query.spatial import crs_register
        from layers.query.stamps import stamps_attach

        connection_created.connect(connection_remember)
        connection_created.connect(session_begin)
        post_migrate.connect(crs_register, sender=self)
        post_migrate.connect(stamps_attach, sender=self)
        post_migrate.connect(journal_attach, sender=self)
        post_migrate.connect(hazards_attach, sender=self)
