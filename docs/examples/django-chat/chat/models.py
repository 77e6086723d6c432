"""Tables of comet as models. Nothing here is migrated: the tables are comet's own."""

from datetime import UTC, datetime

from django.db import models


class Message(models.Model):
    """What is said in a channel. To create one is to publish it."""

    # The server gives it, whatever stands here.
    id = models.CharField(primary_key=True, max_length=36, editable=False)
    channel = models.CharField(max_length=64, db_column="name")
    event = models.CharField(max_length=64, blank=True, default="")
    text = models.TextField(db_column="message")
    user_id = models.IntegerField(default=0)
    time = models.BigIntegerField(default=0, editable=False)
    position = models.BigIntegerField(default=0, editable=False)

    class Meta:
        managed = False
        db_table = "pipes_messages"
        ordering = ["position"]

    @property
    def sent(self):
        """When it was sent."""
        return datetime.fromtimestamp(self.time, UTC)


class History(models.Model):
    """How many messages a channel keeps."""

    channel = models.CharField(primary_key=True, max_length=64, db_column="name")
    length = models.IntegerField()

    class Meta:
        managed = False
        db_table = "pipes_settings"


class Listener(models.Model):
    """A browser that listens to a channel; Django wants a key, and the browser's own will do."""

    channel = models.CharField(max_length=64, db_column="name")
    uuid = models.CharField(primary_key=True, max_length=64, db_column="user_uuid")
    user_id = models.IntegerField()

    class Meta:
        managed = False
        db_table = "users_in_pipes"
