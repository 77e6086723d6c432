"""The shortest way into a socket: the only place that goes past the buffer of a transport."""

from __future__ import annotations

from typing import Any

from twisted.internet.tcp import Connection


class ImmediateWriter:
    """
    Gives a socket what it takes at once, and its transport the rest.

    A transport that is written to asks the reactor to be called back, which costs more than the sending. So
    while nothing waits in it, the socket is tried first. Whatever is not plain TCP, or not idle, is written
    to as ever.
    """

    __slots__ = ("_is_plain", "_transport")

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        # What wraps a transport, to encrypt say, passes on its attributes, but is none of its kind.
        self._is_plain = isinstance(transport, Connection)

    def write(self, data: bytes) -> None:
        """Write C{data} behind all that has been written to the transport."""
        transport = self._transport
        if (
            self._is_plain
            and not transport.dataBuffer
            and not transport._tempDataBuffer
            and transport.connected
            and not transport.disconnecting
            and not transport._writeDisconnected
            and not transport.TLS
            and len(data) <= transport.SEND_LIMIT
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
