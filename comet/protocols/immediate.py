"""The shortest way into a socket: the only place that goes past the buffer of a transport."""

from __future__ import annotations

from collections.abc import Callable, Sized
from typing import Any

from OpenSSL import SSL
from twisted.internet.interfaces import IReactorFDSet
from twisted.internet.tcp import Connection
from twisted.protocols.tls import BufferingTLSTransport

#: The longest text that TLS encrypts as one record (RFC 8446, 5.1), and room for all that comes of it.
RECORD_SIZE, BIO_SIZE = 1 << 14, 1 << 15


def writer(transport: Any) -> Callable[[bytes], None]:
    """
    A transport that is written to asks the reactor to be called back, which costs more than the sending. So
    while nothing waits in it, the socket is tried first, and the transport gets the rest; what is encrypted
    first, likewise. Whatever is neither TCP nor TLS over it, or not idle, is written to as ever.

    @return: writes bytes behind all that has been written to C{transport}.
    """
    if _is_plain(transport):
        return _Writer(transport).write
    if isinstance(transport, BufferingTLSTransport) and _is_plain(transport.transport):
        return _TlsWriter(transport).write
    write: Callable[[bytes], None] = transport.write
    return write


def sender(transport: Any, write: Callable[[bytes], None]) -> Callable[[bytes], int]:
    """
    @param write: the L{writer} of C{transport}.
    @return: writes bytes to C{transport}, in which nothing waits, and says how many have been written. It
        leaves the rest, and raises C{OSError} if there was no room at all.
    """
    if _is_plain(transport) and not transport.TLS:
        send: Callable[[bytes], int] = transport.socket.send
        return send

    def write_all(data: bytes) -> int:
        write(data)
        return len(data)

    return write_all


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


class _TlsWriter:
    """Encrypts at once, if nothing waits to be, and gives a socket what comes of that."""

    __slots__ = ("_transport", "_write")

    def __init__(self, transport: BufferingTLSTransport) -> None:
        self._transport: Any = transport
        self._write = writer(transport.transport)

    def write(self, data: bytes) -> None:
        transport = self._transport
        if (
            len(data) > RECORD_SIZE
            or not transport._handshakeDone
            or transport._appSendBuffer
            or transport.disconnecting
            or transport._aborted
            or transport._lostTLSConnection
            # Gone with the connection; until then it holds what is encrypted in the next turn.
            or getattr(transport._aggregator, "_buffer", True)
        ):
            transport.write(data)
            return
        connection = transport._tlsConnection
        try:
            sent = connection.send(data)
        except SSL.Error:
            # The transport finds the same, and knows what to do.
            transport.write(data)
            return
        self._write(connection.bio_read(BIO_SIZE))
        if sent != len(data):
            transport.write(data[sent:])


def idleness(reactor: object) -> Callable[[], bool]:
    """@return: tells whether no transport has anything to write that its socket did not take."""
    if not IReactorFDSet.providedBy(reactor):
        return lambda: False
    writers: Callable[[], Sized] = reactor.getWriters
    # A transport that has, or that is to be closed, waits for the reactor to tell that there is room.
    return lambda: not writers()
