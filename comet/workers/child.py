"""
The program of a worker: C{python -m comet.workers.child}. On its command line are its number, the name of its
node, the module of the reactor, the inner ports of all workers, the configuration file if there is one, and
behind C{--} the name and address of each port.

It is started by L{comet.workers.supervisor} alone, which hands over the sockets; it ends with its parent.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from twisted.internet.protocol import Factory
from twisted.logger import Logger, globalLogBeginner
from twisted.python.failure import Failure
from twisted.python.reflect import namedAny

from comet import garbage
from comet.cluster.link import Link, packed
from comet.cluster.localbus import LocalBus
from comet.config import CannotStart, Config
from comet.data import DataFolder
from comet.logs import LogThreshold
from comet.ports import Port
from comet.protocols.passing import Neighbours
from comet.reload import Reloader
from comet.service import CometService, make_service
from comet.workers.logs import standard_error
from comet.workers.worker import FAILED, LINK, READY

_log = Logger()


class Child:
    """One worker, from within."""

    def __init__(
        self,
        name: str,
        file: str | None,
        ports: Sequence[Port],
        link: Link,
        neighbours: Neighbours,
        reactor: Any,
    ) -> None:
        """
        @param name: that of the node.
        @param file: the configuration.
        """
        self._name, self._file, self._ports, self._reactor = name, file, ports, reactor
        self.link, self._neighbours = link, neighbours
        self._bus = LocalBus(link)
        link.heard, link.lost = self._bus.heard, self._orphaned
        self._service: CometService | None = None

    def start(self) -> None:
        """Make the server and start it."""
        try:
            config = self._read()
            folder = DataFolder(config.main, config.tls, is_held=True)
            self._service = service = make_service(
                config, folder, self._reactor, self._ports, self._bus, self._neighbours
            )
        except CannotStart as error:
            self._fail(Failure(error))
            return
        threshold = LogThreshold(config.log)
        threshold.setServiceParent(service)

        def apply(now: Config) -> None:
            threshold.set(now.log)
            service.apply(now)

        Reloader(config, self._read, service.reload_certificate, apply, self._reactor).setServiceParent(
            service
        )
        service.listening.addCallbacks(self._answers, self._fail)
        self._reactor.addSystemEventTrigger("before", "shutdown", service.stopService)
        service.privilegedStartService()
        service.startService()

    def _read(self) -> Config:
        config = Config.load(self._file, os.environ)
        return replace(config, main=replace(config.main, node_name=self._name))

    def _answers(self, ports: Mapping[str, int]) -> None:
        garbage.settle()
        self.link.write(packed(READY, 0))

    def _fail(self, failure: Failure) -> None:
        error, status = failure.value, 1
        if isinstance(error, CannotStart):
            status = error.status
        else:
            _log.failure("a worker cannot start", failure)
        self.link.write(packed(FAILED, status, str(error).encode()))
        self.link.close()

    def _orphaned(self, reason: str) -> None:
        self._bus.lost(reason)
        if self._reactor.running:
            self._reactor.stop()


def main(words: Sequence[str]) -> None:
    """Run until told to stop, or until the parent is gone."""
    # What a terminal sends goes to the parent, too, which stops its workers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    number, name, module, inner, *rest = words
    namedAny(module).install()
    from twisted.internet import reactor as installed

    reactor: Any = installed
    cut = rest.index("--")
    globalLogBeginner.beginLoggingTo([standard_error()], redirectStandardIO=False)
    described = [each.split("=", 1) for each in rest[cut + 1 :]]
    ports = [Port.inherited(port, ip, LINK + place) for place, (port, ip) in enumerate(described, 1)]
    neighbours = Neighbours(int(number), dict(enumerate(map(int, inner.split(",")), 1)), reactor)
    link = Link(reactor)
    child = Child(name, rest[0] if cut else None, ports, link, neighbours, reactor)
    factory = Factory.forProtocol(lambda: link)
    factory.noisy = False
    with socket.socket(fileno=LINK) as inherited:
        inherited.setblocking(False)
        reactor.adoptStreamConnection(LINK, inherited.family, factory)
    reactor.callWhenRunning(child.start)
    reactor.run()


if __name__ == "__main__":
    main(sys.argv[1:])
