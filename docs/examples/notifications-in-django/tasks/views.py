"""The page of tasks, and what it needs to listen."""

import logging

import pymysql
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.forms import modelform_factory
from django.http import HttpResponse
from django.shortcuts import redirect, render

from tasks.comet import notify, token_for
from tasks.models import Task

TaskForm = modelform_factory(Task, fields=["title", "assignee"])


@login_required
def tasks(request):
    """Show what the user has to do, and take what others have."""
    form = TaskForm(request.POST or None)
    if form.is_valid():
        form.instance.author = request.user
        with transaction.atomic():
            task = form.save()
            # Not before the row is there for all: who is told may look at once.
            transaction.on_commit(lambda: tell(task))
        return redirect("tasks")
    return render(
        request,
        "tasks/tasks.html",
        {
            "form": form,
            "tasks": request.user.tasks.select_related("author").order_by("pk"),
            "people": get_user_model().objects.order_by("username"),
            "node": settings.COMET_NODE,
        },
    )


def tell(task):
    """Notify the assignee. The task is kept, even if comet is away."""
    try:
        news = {"id": task.pk, "title": task.title, "author": task.author.get_username()}
        notify(task.assignee, "task", news)
    except pymysql.Error:
        logging.getLogger(__name__).exception("nobody is told of task %s", task.pk)


@login_required
def comet_token(request):
    """Give the signed-in user, and nobody else, a token for comet."""
    return HttpResponse(token_for(request.user), content_type="text/plain")
