from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import ensure_csrf_cookie

from .models import History, Listener, Message


@ensure_csrf_cookie
def room(request, name):
    """A room: what was said, and who says something more."""
    channel = f"chat_{name}"
    if request.method == "POST":
        Message.objects.create(channel=channel, event="say", text=request.POST["text"])
        return HttpResponse(status=204)
    History.objects.get_or_create(channel=channel, defaults={"length": 50})
    said = {
        "channel": channel,
        "node": settings.COMET_NODE,
        "messages": Message.objects.filter(channel=channel),
        "listeners": Listener.objects.filter(channel=channel).count(),
    }
    return render(request, "room.html", said)
