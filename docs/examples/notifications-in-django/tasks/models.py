"""What there is to do."""

from django.conf import settings
from django.db import models


class Task(models.Model):
    """Something that one member of the team asks another to do."""

    title = models.CharField(max_length=100)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    assignee = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="tasks")
