"""Sockets that take as much as they are told to, and the reactor that knows of them."""

from errno import EBADF, EWOULDBLOCK

from twisted.internet.interfaces import IReactorFDSet
from twisted.python.failure import Failure
from zope.interface import implementer


class Socket:
    """A socket that takes as many bytes as it has room for."""

    def __init__(self, room):
        self.room, self.taken, self.error, self.calls = room, b"", None, 0

    def setblocking(self, flag):
        pass

    def fileno(self):
        return 3

    def shutdown(self, how):
        pass

    def close(self):
        self.error = EBADF

    def send(self, data):
        self.calls += 1
        if self.error is not None:
            raise OSError(self.error, "the network")
        if self.room == 0:
            raise OSError(EWOULDBLOCK, "full")
        taken = bytes(data[: self.room])
        self.room -= len(taken)
        self.taken += taken
        return len(taken)


@implementer(IReactorFDSet)
class Writers:
    """A reactor as far as transports ask it for being called back when there is room; counts how often."""

    def __init__(self):
        self.asked, self.writers = 0, []

    def addReader(self, reader):
        pass

    def removeReader(self, reader):
        pass

    def addWriter(self, writer):
        self.asked += 1
        if writer not in self.writers:
            self.writers.append(writer)

    def removeWriter(self, writer):
        if writer in self.writers:
            self.writers.remove(writer)

    def getReaders(self):
        return []

    def getWriters(self):
        return list(self.writers)

    def removeAll(self):
        return []

    def write(self):
        """There may be room."""
        for writer in self.getWriters():
            lost = writer.doWrite()
            if lost is not None:
                writer.connectionLost(Failure(lost))
