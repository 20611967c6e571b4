from django.db import migrations

OLD = "DROP TRIGGER IF EXISTS layers_reassign ON layers_administrativearea"
"""It ran after every update of an area; ``layers.query.stamps`` attaches others, which see what has changed."""


class Migration(migrations.Migration):
    dependencies = [("layers", "0013_geometry_given")]

    operations = [migrations.RunSQL(OLD, migrations.RunSQL.noop)]
