"""
Django: inspectdb makes models of our tables, and these read and write.

Its arguments are the port and the password; it prints JSON of what it has found.
"""

import io
import json
import sys
import types

import django
from django.conf import settings
from django.core.management import call_command

PORT, PASSWORD = sys.argv[1:]
settings.configure(
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.mysql",
            "HOST": "127.0.0.1",
            "PORT": PORT,
            "USER": "root",
            "PASSWORD": PASSWORD,
            "NAME": "CometQL_v1",
            "OPTIONS": {"charset": "utf8mb4"},
        }
    },
    INSTALLED_APPS=[],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()

from django.db import connection, models, transaction  # noqa: E402
from django.db.utils import OperationalError, ProgrammingError  # noqa: E402

written = io.StringIO()
call_command("inspectdb", stdout=written)
source = written.getvalue()

# What inspectdb has written is a module of models.
module = types.ModuleType("shop.models")
sys.modules["shop.models"] = module
exec(source.replace("class Meta:", "class Meta:\n        app_label = 'shop'"), module.__dict__)
found = {name: model for name, model in vars(module).items() if isinstance(model, models.base.ModelBase)}

got = {
    "source": source,
    "models": sorted(model._meta.db_table for model in found.values()),
    "keys": {model._meta.db_table: model._meta.pk.name for model in found.values()},
    "features": [
        connection.features.supports_transactions,
        connection.features.uses_savepoints,
        connection.mysql_is_mariadb,
    ],
}

UsersData, PipesMessages, UsersAuth = found["UsersData"], found["PipesMessages"], found["UsersAuth"]
UsersData.objects.create(id=7, data="Ann")
UsersData.objects.bulk_create([UsersData(id=8, data="Ben"), UsersData(id=9, data="it's 🦦")])
row = UsersData.objects.get(pk=8)
row.data = "Benjamin"
row.save()
got["rows"] = [(each.id, each.data) for each in UsersData.objects.order_by("-id")]
got["page"] = [each.id for each in UsersData.objects.order_by("id")[1:3]]
got["count"] = UsersData.objects.filter(data__contains="nn").count()
got["exists"] = UsersData.objects.filter(id=9, data__startswith="it").exists()
got["aggregate"] = UsersData.objects.aggregate(least=models.Min("id"), all=models.Sum("id"))
got["deleted"] = UsersData.objects.filter(id__in=[7, 8]).delete()[0]
got["left"] = UsersData.objects.count()

channel = "django"
found["PipesSettings"].objects.create(name=channel, length=10)
PipesMessages(name=channel, event="say", message="published by a model").save(force_insert=True)
with transaction.atomic():
    PipesMessages(name=channel, event="say", message="in a transaction").save(force_insert=True)
try:
    with transaction.atomic():
        PipesMessages(name=channel, event="say", message="never").save(force_insert=True)
        raise KeyError
except KeyError:
    pass
got["messages"] = [each.message for each in PipesMessages.objects.filter(name=channel)]

try:
    found["UsersTime"].objects.create(id=7, time=1)
except (OperationalError, ProgrammingError) as error:
    got["read only"] = error.args
print(json.dumps(got))
