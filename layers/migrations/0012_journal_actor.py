"""Who may not act for the portal's role cannot name another person as the actor: any session may set a setting."""

from django.db import migrations

ACTOR = """
ALTER TABLE journal.edit ALTER COLUMN actor SET DEFAULT coalesce(
    CASE WHEN pg_has_role(session_user, current_user, 'USAGE') THEN nullif(current_setting('geoportal.actor', true), '') END,
    session_user
)
"""
BACK = """
ALTER TABLE journal.edit ALTER COLUMN actor
    SET DEFAULT coalesce(nullif(current_setting('geoportal.actor', true), ''), session_user)
"""


class Migration(migrations.Migration):
    dependencies = [("layers", "0011_journal_always")]

    operations = [migrations.RunSQL(ACTOR, BACK)]
