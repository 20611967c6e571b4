"""A layer that is touched where triggers are off (``session_replication_role = replica``) gets its number all the same."""

from django.db import migrations

ALWAYS = "ALTER TABLE journal.edit ENABLE ALWAYS TRIGGER number"
BACK = "ALTER TABLE journal.edit ENABLE TRIGGER number"


class Migration(migrations.Migration):
    dependencies = [("layers", "0010_years")]

    operations = [migrations.RunSQL(ALWAYS, BACK)]
