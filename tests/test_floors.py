"""Imports run downward only, and the pure rooms know nothing of Twisted."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import comet

ROOT = Path(comet.__file__).parent

#: The floors, lowest first. A name stands for a module, or for all modules of a folder. A module imports from
#: its own floor and from those below, never in a circle. A new module takes its place here.
FLOORS = (
    ("comet",),
    (
        "errors",
        "limits",
        "ini",
        "kinds",
        "redis_url",
        "legacy",
        "rates",
        "refusals",
        "addresses",
        "sweep",
        "garbage",
        "draining",
        "durations",
    ),
    ("turn",),
    ("model", "sections", "config", "identity"),
    (
        "hub",
        "access",
        "origins",
        "gate",
        "pace",
        "rights",
        "keyring",
        "tokens",
        "expiry",
        "certificates",
        "data",
        "ports",
        "storage",
    ),
    (
        "presence",
        "batch",
        "grants",
        "accounts",
        "cluster",
        "connections",
        "engine",
        "mail",
        "attendance",
        "broker",
        "video",
        "webhook",
    ),
    ("resuming", "outbox", "listening", "session", "cometql"),
    ("metrics", "following"),
    ("protocols", "client"),
    ("bench",),
    ("doctor",),
    ("gauges", "service", "logs", "reload", "impatience"),
    ("workers",),
    ("tap", "commands", "__main__"),
)
FLOOR = {name: number for number, names in enumerate(FLOORS) for name in names}

#: The rooms that know Twisted.
TWISTED = {
    "impatience",
    "client.twisted",
    "cluster.asking",
    "cluster.node",
    "cluster.link",
    "cluster.redisbus",
    "cluster.redisdoor",
    "cluster.redislink",
    "storage.mysql",
    "storage.opening",
    "storage.sql",
    "following.databases",
    "following.follower",
    "protocols.answers",
    "protocols.api.resource",
    "protocols.console.resource",
    "protocols.deflate",
    "protocols.eventstream",
    "protocols.refusing",
    "protocols.cors",
    "protocols.front",
    "protocols.courier",
    "protocols.immediate",
    "protocols.inbox",
    "protocols.inflate",
    "protocols.janus.conductor",
    "protocols.janus.link",
    "protocols.janus.receiving",
    "protocols.janus.sending",
    "protocols.janus.socket",
    "protocols.jsonsocket",
    "protocols.jwks",
    "protocols.lean",
    "protocols.longpoll",
    "protocols.metrics",
    "protocols.mysql.port",
    "protocols.mysql.protocol",
    "protocols.mysql.server",
    "protocols.outlet",
    "protocols.pages",
    "protocols.passing",
    "protocols.requests",
    "protocols.site",
    "protocols.sockets",
    "protocols.starting",
    "protocols.tls",
    "protocols.websocket",
    "protocols.wheel",
    "logs",
    "reload",
    "service",
    "tap",
    "workers.child",
    "workers.logs",
    "workers.supervisor",
    "workers.worker",
    "commands.clients",
    "commands.demo",
    "commands.publish",
    "commands.tail",
}
FRAMEWORKS = {"twisted", "autobahn", "zope", "txaio", "txredisapi"}


def module_name(path):
    """@return: the name of a module within the package; C{comet} for the package itself."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts) or "comet"


MODULES = {module_name(path): path for path in ROOT.rglob("*.py")}


def imports(path):
    """@return: the full names of what a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # "from comet import access" imports a module, "from comet.model import User" a name in one.
            yield from (f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names)


def rooms(path):
    """@return: the modules of ours that a module imports."""
    for name in imports(path):
        if name.split(".")[0] == "comet":
            inner = name.removeprefix("comet").removeprefix(".")
            yield inner if inner in MODULES else inner.rpartition(".")[0] or "comet"


def floor(name):
    """@return: the number of a module's floor."""
    return FLOOR[name.split(".")[0]]


class FloorTests(SynchronousTestCase):
    """The house as it is drawn above."""

    def test_every_module_has_its_place(self):
        """The floors name every module and folder that there is, and no other."""
        there = {name.split(".")[0] for name in MODULES}
        self.assertEqual(there, set(FLOOR), "enter new modules in FLOORS, and take out those that are gone")
        self.assertEqual(TWISTED - set(MODULES), set())

    def test_imports_run_downward(self):
        """No module imports from a floor above its own."""
        upward = [
            f"{name} imports {other}"
            for name, path in MODULES.items()
            for other in rooms(path)
            if floor(other) > floor(name)
        ]
        self.assertEqual(upward, [])

    def test_no_circles(self):
        """No module imports itself by way of others."""
        try:
            TopologicalSorter({name: set(rooms(path)) for name, path in MODULES.items()}).prepare()
        except CycleError as error:
            self.fail(" imports ".join(reversed(error.args[1])))

    def test_pure_rooms(self):
        """Only the rooms that are named above import Twisted, Autobahn or zope."""
        knowing = {
            name
            for name, path in MODULES.items()
            if any(each.split(".")[0] in FRAMEWORKS for each in imports(path))
        }
        self.assertEqual(knowing - TWISTED, set(), "enter these in TWISTED, if they belong there")

    def test_imports_are_absolute(self):
        """No import is relative, so that the other tests see it."""
        relative = [name for name, path in MODULES.items() if any(each[0] == "." for each in imports(path))]
        self.assertEqual(relative, [])

    def test_faces_are_bare(self):
        """An C{__init__.py} holds a docstring and no more; that of the package the version, too."""
        for name, path in MODULES.items():
            if path.name == "__init__.py":
                tree = ast.parse(path.read_text())
                self.assertTrue(ast.get_docstring(tree), name)
                self.assertEqual(len(tree.body), 2 if name == "comet" else 1, name)
