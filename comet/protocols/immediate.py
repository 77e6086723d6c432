"""The shortest way into a socket: the only place that goes past the buffer of a transport."""

from __future__ import annotations

from collections.abc import Callable, Sized
from typing import Any

from twisted.internet.interfaces import IReactorFDSet
from twisted.internet.tcp import Connection


def writer(transport: Any) -> Callable[[bytes], None]:
    """
    A transport that is written to asks the reactor to be called back, which costs more than the sending. So
    while nothing waits in it, the socket is tried first, and the transport gets the rest. Whatever is not
    plain TCP, or not idle, is written to as ever.

    @return: writes bytes behind all that has been written to C{transport}.
    """
    write: Callable[[bytes], None] = _Writer(transport).write if _is_plain(transport) else transport.write
    return write


def sender(transport: Any) -> Callable[[bytes], int]:
    """
    @return: writes bytes to C{transport}, in which nothing waits, and says how many have been written. It
        leaves the rest, and raises C{OSError} if there was no room at all.
    """
    if _is_plain(transport) and not transport.TLS:
        send: Callable[[bytes], int] = transport.socket.send
        return send

    def write(data: bytes) -> int:
        transport.write(data)
        return len(data)

    return write


def _is_plain(transport: Any) -> bool:
    # What wraps a transport, to encrypt say, passes on its attributes, but is none of its kind.
    return isinstance(transport, Connection)


class _Writer:
    """Gives a socket what it takes at once, if nothing is in its way."""

    __slots__ = ("_transport",)

    def __init__(self, transport: Connection) -> None:
        self._transport: Any = transport

    def write(self, data: bytes) -> None:
        transport = self._transport
        if (
            not transport.dataBuffer
            and not transport._tempDataBuffer
            and transport.connected
            and not transport.disconnecting
            and not transport._writeDisconnected
            and not transport.TLS
        ):
            try:
                sent = transport.socket.send(data)
            except OSError:
                # It is full, or lost: the reactor finds the same, and tells the protocol.
                sent = 0
            if sent == len(data):
                return
            data = data[sent:]
        transport.write(data)


def idleness(reactor: object) -> Callable[[], bool]:
    """@return: tells whether no transport has anything to write that its socket did not take."""
    if not IReactorFDSet.providedBy(reactor):
        return lambda: False
    writers: Callable[[], Sized] = reactor.getWriters
    # A transport that has, or that is to be closed, waits for the reactor to tell that there is room.
    return lambda: not writers()
