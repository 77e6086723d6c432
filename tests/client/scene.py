"""A client without a network: an event loop that a test turns by hand, and the other side of its sockets."""

from __future__ import annotations

import json

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from comet.client.base import BaseClient
from comet.client.core import VERSION
from comet.client.twisted import DeferredPromise

WELCOME = {
    "type": "welcome",
    "authorized": False,
    "connection": 17,
    "dev_id": 0,
    "expires": None,
    "limits": {},
    "node": "n",
    "ping": 30,
    "server": "comet",
    "time": 1000,
    "user_id": 0,
    "version": VERSION,
}


class Remote:
    """One WebSocket, seen from the server."""

    def __init__(self, url, listener):
        self.url, self.listener = url, listener
        self.said, self.dropped = [], False

    # What the client calls

    def say(self, text):
        self.said.append(json.loads(text))

    def drop(self):
        self.dropped = True

    # What tests call

    def heard(self):
        """@return: the commands that came since the last time."""
        said, self.said = self.said, []
        return said

    def tell(self, *frames):
        """Send frames, one WebSocket message each."""
        for frame in frames:
            self.listener.received(json.dumps(frame))

    def greet(self, **more):
        """Open, take the hello and say welcome. @return: the hello."""
        self.listener.opened()
        (hello,) = self.heard()
        self.tell(WELCOME | more)
        return hello

    def close(self, code=None, reason="gone"):
        self.listener.closed(code, reason)


class HandLoop:
    """See L{comet.client.loops.Loop}."""

    def __init__(self):
        self.clock, self.remotes, self.reports = Clock(), [], []

    def now(self):
        return self.clock.seconds()

    def later(self, seconds, call):
        delayed = self.clock.callLater(seconds, call)
        return lambda: delayed.active() and delayed.cancel()

    def promise(self):
        return DeferredPromise()

    def spawn(self, coroutine):
        Deferred.fromCoroutine(coroutine)

    def report(self, what, error):
        self.reports.append((what, error))

    def open(self, url, listener):
        self.remotes.append(Remote(url, listener))
        return self.remotes[-1]


class Scene:
    """
    One client.

    @ivar told: what it was told of everything.
    """

    def __init__(self, nodes="ws://a", chance=lambda: 0.5, **settings):
        self.loop, self.told = HandLoop(), []
        self.client = BaseClient(
            nodes,
            lambda _: self.loop,
            **{"tell": self.told.append, "on_private": None} | settings,
            chance=chance,
        )

    @property
    def remote(self):
        """The newest WebSocket."""
        return self.loop.remotes[-1]

    def connect(self, **more):
        """Start, and be welcomed. @return: the WebSocket."""
        self.client.start()
        self.remote.greet(**more)
        return self.remote

    def reconnect(self, **more):
        """Lose the connection, and be welcomed on another one. @return: the hello."""
        self.remote.close()
        self.later(1)
        return self.remote.greet(**more)

    def later(self, seconds):
        self.loop.clock.advance(seconds)

    def ask(self, coroutine):
        """@return: a Deferred of what a method of the client gives."""
        return Deferred.fromCoroutine(coroutine)

    def kinds(self):
        """@return: the names of what the client was told of since the last time."""
        names = [type(each).__name__ for each in self.told]
        self.told.clear()
        return names


def subscribed(cursor=None, missed=0, gap=False, **channels):
    """@return: the frame that agrees to channels."""
    about = {name: {"cursor": cursor, "missed": missed, "gap": gap} | more for name, more in channels.items()}
    return {"type": "subscribed", "channels": about, "time": 5}


def message(channel="news", cursor=None, data="x", **more):
    """@return: a C{message} frame."""
    frame = {"type": "message", "channel": channel, "event": "e", "data": data, "time": 5, **more}
    return frame | ({"cursor": cursor} if cursor else {})


def private(number, data="p"):
    """@return: a C{private} frame."""
    return {"type": "private", "event": "", "data": data, "time": 5, "number": number}
