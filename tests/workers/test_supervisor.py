"""Tests for L{comet.workers.supervisor}: processes that die, on a clock, started in name only."""

from pathlib import Path

from twisted.internet.error import ProcessTerminated
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from comet import ports
from comet.cluster.link import packed
from comet.config import Config
from comet.data import DataFolder
from comet.ports import Port
from comet.workers.supervisor import LONGEST_PAUSE_SECONDS, PAUSE_SECONDS, SETTLED_SECONDS, Supervisor
from comet.workers.worker import FAILED, READY


class Socket:
    """A socket that counts how often it was told to take no connections."""

    def __init__(self):
        self.rests = 0

    def getsockname(self):
        return ("127.0.0.1", 1)

    def fileno(self):
        return 99

    def shutdown(self, how):
        self.rests += 1

    def close(self):
        pass


class Nursery(Clock):
    """
    A reactor on which processes are started in name only.

    @ivar started: when each was.
    @ivar youngest: the one that was started last.
    """

    def __init__(self):
        super().__init__()
        self.started, self.signals = [], []

    def spawnProcess(self, protocol, program, arguments, env, childFDs):
        self.started.append(self.seconds())
        self.youngest = protocol
        protocol.transport, self.pid = self, len(self.started)

    def signalProcess(self, name):
        self.signals.append(name)

    def closeStdin(self):
        pass

    def adoptStreamConnection(self, descriptor, family, factory):
        pass


class BackoffTests(SynchronousTestCase):
    """One worker that dies again and again; a second one lives on."""

    def setUp(self):
        """Two workers answer."""
        folder = Path(self.mktemp())
        config = Config.read(f"[main]\ndata = {folder}\n[ws]\nworkers = 2\n")
        self.sockets = [Socket(), Socket()]
        names = ("ws", "cometql")
        bound = [[Port(name, "127.0.0.1", each) for name in names] for each in self.sockets]
        self.patch(ports, "bind_shared", lambda config, count: bound)
        self.nursery = Nursery()
        data = DataFolder.open(config)
        self.addCleanup(data.close)
        self.supervisor = Supervisor(config, data, self.nursery)
        self.supervisor.startService()
        for _ in bound:
            self.says(READY)
        self.successResultOf(self.supervisor.listening)
        self.assertEqual(self.nursery.youngest.number, 2)

    def says(self, kind, number=0, text=b""):
        """The youngest worker tells its parent something."""
        self.nursery.youngest.link.heard(packed(kind, number, text)[4:])

    def dies(self):
        """The youngest worker is killed. @return: for how many seconds there is no other."""
        self.nursery.youngest.processEnded(Failure(ProcessTerminated(None, 9, 9)))
        count, since = len(self.nursery.started), self.nursery.seconds()
        while len(self.nursery.started) == count:
            self.assertLess(self.nursery.seconds() - since, 2 * LONGEST_PAUSE_SECONDS)
            self.nursery.advance(0.25)
        self.assertEqual(self.nursery.youngest.number, 2)
        return self.nursery.started[-1] - since

    def test_waits_double(self):
        """Whoever dies soon after the start is started again after a wait, each twice as long as the last."""
        waits = [self.dies() for _ in range(9)]
        self.assertEqual(waits, [0.5, 1, 2, 4, 8, 16, 30, 30, 30])
        self.assertEqual((waits[0], waits[-1]), (PAUSE_SECONDS, LONGEST_PAUSE_SECONDS))

    def test_one_that_answers_and_dies(self):
        """Is no better than one that never answers."""
        waits = []
        for _ in range(3):
            self.says(READY)
            waits.append(self.dies())
        self.assertEqual(waits, [0.5, 1, 2])

    def test_one_that_has_lived(self):
        """Is started again at once, and the waits begin anew after it."""
        self.dies()
        self.dies()
        self.says(READY)
        self.nursery.advance(SETTLED_SECONDS)
        self.assertLessEqual(self.dies(), 0.25)
        self.assertEqual([self.dies(), self.dies()], [0.5, 1])

    def test_one_that_never_answers(self):
        """Has not lived, however long it took, nor has one that says why it cannot start."""
        self.nursery.advance(SETTLED_SECONDS)
        self.dies()
        self.nursery.advance(SETTLED_SECONDS)
        self.assertEqual(self.dies(), 0.5)
        with capturedLogs() as events:
            self.says(FAILED, 1, b"the disk is full")
        self.assertEqual(list(map(formatEvent, events)), ["worker 2 cannot start: the disk is full"])
        self.nursery.advance(SETTLED_SECONDS)
        self.assertEqual(self.dies(), 1)

    def test_sockets_rest(self):
        """Before all but the shortest wait no connection shall come for the worker; the other one goes on."""
        self.dies()
        self.assertEqual(self.sockets[1].rests, 0)
        self.dies()
        self.assertEqual([each.rests for each in self.sockets], [0, 2])

    def test_the_end_during_a_wait(self):
        """Nobody is started any more, and nobody connects to the worker that is not there."""
        self.nursery.youngest.processEnded(Failure(ProcessTerminated(None, 9, 9)))
        count = len(self.nursery.started)
        stopped = self.supervisor.stopService()
        self.assertEqual([each.rests for each in self.sockets], [0, 2])
        self.assertEqual(self.nursery.signals, ["TERM"])
        self.nursery.advance(1)
        self.assertEqual(len(self.nursery.started), count)
        self.assertNoResult(stopped)
