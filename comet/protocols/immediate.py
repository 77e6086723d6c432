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

    __slots__ = ("_transport",)

    def __init__(self, transport: Any) -> None:
        self._transport = transport

    def write(self, data: bytes) -> None:
        """Write C{data} behind all that has been written to the transport."""
        transport = self._transport
        # What wraps a transport, to encrypt say, passes on its attributes, but is none of its kind.
        if (
            isinstance(transport, Connection)
            and not transport.TLS
            and transport.connected
            and not transport.disconnecting
            and not transport._writeDisconnected
            and not transport.dataBuffer
            and not transport._tempDataBuffer
            and len(data) <= transport.SEND_LIMIT
        ):
            sent = transport.writeSomeData(data)
            if sent == len(data):
                return
            # If the connection is found to be lost, the reactor finds the same, and tells the protocol.
            if isinstance(sent, int):
                data = data[sent:]
        transport.write(data)
