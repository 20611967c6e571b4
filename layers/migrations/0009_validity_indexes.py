"""Indexes on both ends of the validity of disaster zones: when the last and the next begins or ends is one look."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("layers", "0008_job")]

    operations = [
        migrations.AddIndex("disasterzone", models.Index(fields=["valid_from"], name="disasterzone_valid_from")),
        migrations.AddIndex("disasterzone", models.Index(fields=["valid_to"], name="disasterzone_valid_to")),
    ]
