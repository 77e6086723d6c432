"""
The parent of several workers: it holds the data folder and the ports, and sees to it that the workers live.

The first worker is started alone: it creates or migrates the store, and if anything is wrong says so once.
Then come the others, and when all of them answer, the server does. Each worker has sockets of its own for
all ports, which the parent keeps, too: what waits in those of a worker that died is taken by its successor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from comet import ports
from comet.cluster.localbus import Relay
from comet.config import CannotStart, Config
from comet.data import DataFolder
from comet.service import STOP_SECONDS, key_ring, tell_ports, tell_warnings
from comet.workers.worker import FAILED, READY, Worker

#: Who has lived for so long is started again at once, in seconds; others wait, each time longer.
SETTLED_SECONDS = 10.0
#: The first wait and the longest, in seconds.
PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 30.0
#: How long the workers may take to stop besides the time of the drain, in seconds.
GRACE_SECONDS = STOP_SECONDS + 5.0

_log = Logger()


class StartError(CannotStart):
    """A worker has said why it cannot start."""

    def __init__(self, reason: str, status: int) -> None:
        super().__init__(reason)
        self.status = status


class Supervisor(MultiService):
    """
    The server as a whole.

    @ivar listening: fires with the ports by name once all workers answer, or fails with L{CannotStart}.
    """

    def __init__(self, config: Config, folder: DataFolder, reactor: Any, options: Sequence[str] = ()) -> None:
        """
        @param options: the part of the command line that the workers read, too.
        @raise CannotStart: if a port is not to be had, or a file is no good.
        """
        super().__init__()
        self.listening: Deferred[Mapping[str, int]] = Deferred()
        self._config, self._folder, self._reactor, self._options = config, folder, reactor, options
        self._relay = Relay()
        key_ring(config.jwt)
        folder.tls_pair()
        self._ports = dict(enumerate(ports.bind_shared(config, config.ws.workers), 1))
        self._workers: dict[int, Worker] = {}
        self._pauses = dict.fromkeys(self._ports, 0.0)
        self._timers: dict[int, Any] = {}
        self._is_over = False
        self._ended: Deferred[None] | None = None

    # Life -------------------------------------------------------------------------------------------------

    def startService(self) -> None:
        """Start the first worker."""
        tell_warnings(self._config)
        super().startService()
        self._start(1)

    def stopService(self) -> Deferred[None]:
        """Ask all workers to stop, and wait for that."""
        super().stopService()
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        self._is_over = True
        for number, timer in self._timers.items():
            timer.cancel()
            self._rest(number)
        self._timers.clear()
        self.signal("TERM")
        if self._workers:
            self._ended = Deferred()
            last = self._reactor.callLater(self._config.main.drain + GRACE_SECONDS, self.signal, "KILL")
            await self._ended
            if last.active():
                last.cancel()
        for each in self._ports.values():
            ports.close_all(each)
        self._folder.close()

    def signal(self, name: str) -> None:
        """Send a signal to all workers."""
        for worker in self._workers.values():
            worker.signal(name)

    def apply(self, config: Config) -> None:
        """What may change while the server runs is a matter of the workers, which read it themselves."""

    def reload_certificate(self) -> None:
        """
        Let the workers read again what may change: they read all of it.

        @raise CannotStart: if the certificate is no good.
        """
        self.signal("HUP")
        self._folder.tls_pair()

    # Workers ----------------------------------------------------------------------------------------------

    def _start(self, number: int) -> None:
        self._timers.pop(number, None)
        self._workers[number] = worker = Worker(number, self._has_ended, self._heard)
        name = f"{self._config.main.node_name}.{number}"
        inner = [each.port for mine in self._ports.values() for each in mine if each.name == ports.INNER]
        worker.start(self._reactor, name, inner, self._options, self._ports[number])

    def _heard(self, worker: Worker, kind: bytes, number: int, content: bytes) -> None:
        if kind == READY:
            self._is_ready(worker)
        elif kind == FAILED:
            self._has_failed(worker, number, content.decode())
        elif worker.link is not None:
            self._relay.heard(worker.number, worker.link, kind, number, content)

    def _is_ready(self, worker: Worker) -> None:
        worker.is_ready = True
        if self.listening.called:
            _log.info("worker {number} answers again", number=worker.number)
        elif len(self._workers) < len(self._ports):
            for number in self._ports:
                if number not in self._workers:
                    self._start(number)
        elif all(each.is_ready for each in self._workers.values()):
            self._answer()

    def _answer(self) -> None:
        mine = [port for port in self._ports[1] if port.name != ports.INNER]
        found = {port.name: port.port for port in mine}
        self._folder.write_ports(found)
        tell_ports(self._config, self._folder, mine)
        _log.info("{count} workers answer", count=len(self._ports))
        self.listening.callback(found)

    def _has_failed(self, worker: Worker, status: int, reason: str) -> None:
        if self.listening.called:
            _log.error("worker {number} cannot start: {reason}", number=worker.number, reason=reason)
        else:
            self._give_up(StartError(reason, status))

    def _give_up(self, error: CannotStart) -> None:
        self._is_over = True
        self.listening.errback(Failure(error))

    def _has_ended(self, worker: Worker, how: str) -> None:
        if worker.link is not None:
            self._relay.forget(worker.link)
        del self._workers[worker.number]
        if self._is_over:
            if not self._workers and self._ended is not None:
                self._ended.callback(None)
        elif not self.listening.called:
            self._give_up(StartError(f"worker {worker.number} has ended with {how}", 1))
        else:
            self._restart(worker, how)

    def _restart(self, worker: Worker, how: str) -> None:
        number = worker.number
        pause = 0.0
        if not worker.is_ready or self._reactor.seconds() - worker.since < SETTLED_SECONDS:
            pause = min(max(2 * self._pauses[number], PAUSE_SECONDS), LONGEST_PAUSE_SECONDS)
        self._pauses[number] = pause
        _log.error(
            "worker {number} has ended with {how}; it is started again in {pause} seconds",
            **{"number": number, "how": how, "pause": pause},
        )
        if pause > PAUSE_SECONDS:
            self._rest(number)
        self._timers[number] = self._reactor.callLater(pause, self._start, number)

    def _rest(self, number: int) -> None:
        """Nobody is there to take connections for this worker."""
        for each in self._ports[number]:
            ports.rest(each.socket)
