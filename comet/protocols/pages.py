"""What the browser port serves besides messages: the client, the demo page, health."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files

from twisted.web.http import Request
from twisted.web.resource import IResource, NoResource, Resource

import comet
from comet.protocols.refusing import for_everybody

#: So many characters of the node's name fit into the answer of C{/info}, as old clients expect it.
NODE_NAME_SIZE = 10
#: Nothing on our pages comes from elsewhere or is written into them.
PAGE_POLICY = "default-src 'self'; connect-src 'self' ws: wss:; frame-ancestors 'self'; base-uri 'none'"

_TYPES = {
    "js": "text/javascript",
    "mjs": "text/javascript",
    "css": "text/css",
    "html": "text/html",
    "svg": "image/svg+xml",
}


def _answer(request: Request, body: bytes, content_type: str, cache: str = "no-cache") -> bytes:
    request.setHeader("Content-Type", f"{content_type}; charset=utf-8")
    request.setHeader("Cache-Control", cache)
    return body


class WebFile(Resource):
    """A file of the package, read once."""

    isLeaf = True

    def __init__(self, name: str) -> None:
        super().__init__()
        self._body = (files("comet") / "web" / name).read_bytes()
        self._type = _TYPES[name.rpartition(".")[2]]

    def render_GET(self, request: Request) -> bytes:
        """The file; scripts may be used by pages of any origin."""
        if self._type == "text/html":
            request.setHeader("Content-Security-Policy", PAGE_POLICY)
        else:
            for_everybody(request)
        return _answer(request, self._body, self._type)


class Parent(WebFile):
    """A file that has others below it."""

    isLeaf = False


class Json(Resource):
    """An answer that is made anew for every request; any page may read it."""

    isLeaf = True

    def __init__(self, make: Callable[[], tuple[int, object]]) -> None:
        """@param make: gives the status of HTTP, and what to say in JSON."""
        super().__init__()
        self._make = make

    def render_GET(self, request: Request) -> bytes:
        """The answer."""
        status, content = self._make()
        request.setResponseCode(status)
        for_everybody(request)
        return _answer(request, json.dumps(content).encode(), "application/json", "no-store")


class Greeting(Resource):
    """The page at C{/} where there is no demo."""

    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        """Name and version."""
        return _answer(request, f"comet {comet.__version__}\n".encode(), "text/plain")


@dataclass(frozen=True, slots=True)
class Facts:
    """
    What the pages tell of the server.

    @ivar demo: the line to paste, the channel of the demo; C{None} if there is no demo page.
    @ivar problems: gives the reasons why the server is not ready, none if it is.
    @ivar notes: gives what else is wrong, though the server serves.
    @ivar lag: gives how late the reactor was lately, in seconds.
    """

    node_name: str
    demo: Callable[[], dict[str, str]] | None
    problems: Callable[[], list[str]]
    notes: Callable[[], list[str]] = list
    lag: Callable[[], float] = lambda: 0.0


class Root(Resource):
    """The tree of paths on the browser port; the old prefix C{/comet-server} leads to the same."""

    def __init__(
        self,
        facts: Facts,
        transports: Mapping[str, IResource] | None = None,
        metrics: IResource | None = None,
        console: IResource | None = None,
    ) -> None:
        """
        @param transports: the API, and the ways of connecting that are no WebSocket, by their names below
            C{/comet}.
        @param metrics: the page of that name.
        @param console: likewise.
        """
        super().__init__()
        own = Resource()
        for name, transport in (transports or {}).items():
            own.putChild(name.encode(), transport)
        own.putChild(b"comet.js", WebFile("comet.min.js"))
        own.putChild(b"comet.mjs", WebFile("comet.mjs"))
        own.putChild(b"video.js", WebFile("video.min.js"))
        own.putChild(b"video.mjs", WebFile("video.mjs"))
        self.putChild(b"comet", own)
        self.putChild(b"info", Json(lambda: (200, {"status": "ok", "node": _padded(facts.node_name)})))
        health = Resource()
        health.putChild(b"live", Json(lambda: (200, {"status": "ok", "lag": round(facts.lag(), 4)})))
        health.putChild(b"ready", Json(lambda: _ready(facts.problems(), facts.notes())))
        self.putChild(b"health", health)
        if metrics is not None:
            self.putChild(b"metrics", metrics)
        if console is not None:
            self.putChild(b"console", console)
        self.putChild(b"comet-server", _Prefix(self))
        if facts.demo:
            demo = facts.demo
            styles = ("base.css", "demo.css", "room.css")
            for name in (*styles, "tab.js", "demo.js", "room.js", "check.js", "demo.svg"):
                own.putChild(name.encode(), WebFile(name))
            self.putChild(b"demo.json", Json(lambda: (200, demo())))
            self.putChild(b"", WebFile("demo.html"))
            room = Parent("room.html")
            room.putChild(b"", WebFile("room.html"))
            room.putChild(b"check", WebFile("check.html"))
            self.putChild(b"video", room)
        else:
            self.putChild(b"", Greeting())


class _Prefix(Resource):
    """Stands for another resource under one more path segment."""

    def __init__(self, target: Resource) -> None:
        super().__init__()
        self._target = target

    def getChild(self, path: bytes, request: Request) -> IResource:
        """The same child as that of the other one; the prefix is taken off once."""
        if path == b"comet-server":
            return NoResource()
        child: IResource = self._target.getChildWithDefault(path, request)
        return child


def _padded(name: str) -> str:
    return name[:NODE_NAME_SIZE].ljust(NODE_NAME_SIZE, "_")


def _ready(problems: list[str], notes: list[str]) -> tuple[int, object]:
    noted = {"notes": notes} if notes else {}
    if problems:
        return 503, {"status": "unavailable", "reasons": problems, **noted}
    return 200, {"status": "ok", **noted}
