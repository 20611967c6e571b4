"""A geometry holds something: to PostGIS 3.5 the box of an empty one lies within any other, and so within the world."""

from django.db import migrations, models

MODELS = ("administrativearea", "aidpost", "disasterzone", "earthquake", "healthfacility", "market", "parkingspot")
RULES = (
    "NOT ST_IsEmpty(%(expressions)s)",
    "ST_IsValid(%(expressions)s)",
    "(%(expressions)s @ ST_MakeEnvelope(-180, -90, 180, 90, 4326))",
)


def _geometry(model: str) -> models.CheckConstraint:
    rules = (models.Func(models.F("geom"), template=rule, output_field=models.BooleanField()) for rule in RULES)
    return models.CheckConstraint(condition=models.Q(*rules), name=f"{model}_geom")


class Migration(migrations.Migration):
    dependencies = [("layers", "0012_journal_actor")]

    operations = [
        operation
        for model in MODELS
        for operation in (
            migrations.RemoveConstraint(model, f"{model}_geom"),
            migrations.AddConstraint(model, _geometry(model)),
        )
    ]
