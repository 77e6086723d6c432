"""TCP to a port of this machine by way of a cable that can be cut, blocked and made slow."""

from __future__ import annotations

from collections import deque

from twisted.internet import reactor
from twisted.internet.defer import maybeDeferred
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP4ServerEndpoint
from twisted.internet.protocol import Factory, Protocol


class _End(Protocol):
    """One side of one connection; what it receives goes to the other side."""

    def __init__(self, cable):
        self.cable = cable
        self.other = None
        #: What is to be written here, in order; C{None} stands for the end of the connection.
        self.queue = deque()

    def connectionMade(self):
        self.transport.setTcpNoDelay(True)
        self.cable.ends.add(self)
        if self.cable.is_blocked:
            self.transport.pauseProducing()

    def dataReceived(self, data):
        self.cable.carry(self.other, data)

    def connectionLost(self, reason):
        self.cable.ends.discard(self)
        if self.other is not None:
            self.cable.carry(self.other, None)

    def take(self):
        """Write the next piece, if that is let through."""
        if self.queue and not self.cable.is_blocked:
            data = self.queue.popleft()
            if data is None:
                self.transport.loseConnection()
            else:
                self.transport.write(data)


class _Near(_End):
    """The side of whoever has connected."""

    def connectionMade(self):
        super().connectionMade()
        if self.cable.is_cut:
            self.transport.abortConnection()
            return
        self.other = _End(self.cable)
        self.other.other = self
        self.transport.pauseProducing()
        far = TCP4ClientEndpoint(reactor, "127.0.0.1", self.cable.target)
        connecting = far.connect(Factory.forProtocol(lambda: self.other))
        connecting.addCallbacks(self._connected, lambda failure: self.transport.abortConnection())

    def _connected(self, other):
        if self not in self.cable.ends:
            other.transport.abortConnection()
        elif not self.cable.is_blocked:
            self.transport.resumeProducing()


class Cable:
    """
    A way to a port; everything passes at once until one of its methods is called.

    @ivar port: where to connect to.
    @ivar target: where that leads to.
    """

    def __init__(self, target):
        self.target = target
        self.ends = set()
        self.is_cut = self.is_blocked = False
        self._delay = 0.0
        self._later = set()

    async def start(self):
        """Listen. @return: self."""
        factory = Factory.forProtocol(lambda: _Near(self))
        factory.noisy = False
        self._listening = await TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1").listen(factory)
        self.port = self._listening.getHost().port
        return self

    async def stop(self):
        """Listen no more, and end all connections."""
        await maybeDeferred(self._listening.stopListening)
        self.cut()
        for call in self._later:
            call.cancel()

    def cut(self):
        """Reset all connections, and each that is tried from now on."""
        self.is_cut = True
        for end in list(self.ends):
            end.other = None
            end.transport.abortConnection()

    def block(self):
        """Let nothing pass, in neither direction: not even word that a connection is gone. Who connects is
        accepted, and hears nothing."""
        self.is_blocked = True
        for end in self.ends:
            end.transport.pauseProducing()

    def slow(self, seconds):
        """Let everything take so much longer from now on, each way."""
        self._delay = seconds

    def mend(self):
        """Let everything pass at once again; what was held up, too, as if it were sent once more."""
        self.is_cut = self.is_blocked = False
        self._delay = 0.0
        for end in list(self.ends):
            while end.queue:
                end.take()
            end.transport.resumeProducing()

    def carry(self, end, data):
        """Bring C{data} to C{end}."""
        end.queue.append(data)
        if self._delay:

            def later():
                self._later.remove(call)
                end.take()

            call = reactor.callLater(self._delay, later)
            self._later.add(call)
        else:
            end.take()
