"""Days and times are of the years 1 to 9999, or infinite: Python reads no others, and one in a row stops every door."""

from django.db import migrations, models

CALENDAR = (
    "(isfinite(%(expressions)s) IS NOT TRUE OR "
    "%(expressions)s BETWEEN '0001-01-01 00:00:00+00' AND '9999-12-31 23:59:59.999999+00')"
)
EVERY = ("observed_at", "created_at", "updated_at")
COLUMNS = {
    "administrativearea": (*EVERY, "population_date"),
    "aidpost": (*EVERY, "status_as_of", "displaced_as_of"),
    "disasterzone": (*EVERY, "valid_from", "valid_to"),
    "earthquake": EVERY,
    "healthfacility": (*EVERY, "beds_as_of", "status_as_of"),
    "market": EVERY,
    "parkingspot": (*EVERY, "order_from", "order_to"),
}


def _calendar(model: str, column: str) -> models.CheckConstraint:
    is_known = models.Func(models.F(column), template=CALENDAR, output_field=models.BooleanField())
    return models.CheckConstraint(condition=models.Q(is_known), name=f"{model}_{column}_year")


class Migration(migrations.Migration):
    dependencies = [("layers", "0009_validity_indexes")]

    operations = [
        migrations.AddConstraint(model, _calendar(model, column))
        for model, columns in COLUMNS.items()
        for column in columns
    ]
