"""Tests for L{comet.protocols.starting}."""

from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from comet.protocols.starting import start


class StartTests(SynchronousTestCase):
    """Coroutines of all kinds."""

    def setUp(self):
        self.events = []

    def failed(self, failure):
        self.events.append(failure.type)

    async def walk(self, *waits, end=None):
        """Wait for each, and say what came of it."""
        for number, wait in enumerate(waits):
            try:
                self.events.append((number, await wait))
            except KeyError:
                self.events.append((number, "refused"))
        if end is not None:
            raise end
        self.events.append("end")

    def test_at_once(self):
        """What need not wait is over when it has been started."""
        start(self.walk(succeed(5)), self.failed)
        self.assertEqual(self.events, [(0, 5), "end"])

    def test_waiting(self):
        """What waits goes on when it can, with the value or the failure that it waited for."""
        waits = [Deferred() for _ in range(4)]
        start(self.walk(*waits), self.failed)
        self.assertEqual(self.events, [])
        waits[0].callback("a")
        self.assertEqual(self.events, [(0, "a")])
        waits[2].callback("c")
        waits[1].errback(KeyError())
        self.assertEqual(self.events[1:], [(1, "refused"), (2, "c")])
        waits[3].errback(KeyError())
        self.assertEqual(self.events[3:], [(3, "refused"), "end"])

    def test_failures(self):
        """A failure is told once, be it before anything is waited for, after it, or that itself."""
        start(self.walk(end=ZeroDivisionError()), self.failed)
        self.assertEqual(self.events, [ZeroDivisionError])
        wait = Deferred()
        start(self.walk(wait, end=ZeroDivisionError()), self.failed)
        wait.callback(None)
        self.assertEqual(self.events[1:], [(0, None), ZeroDivisionError])
        wait = Deferred()
        start(self.walk(wait), self.failed)
        wait.errback(OSError())
        self.assertEqual(self.events[3:], [OSError])
