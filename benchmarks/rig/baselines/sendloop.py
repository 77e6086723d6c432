"""What C{sendloop.c} does, for machines without a C compiler."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable


def serve(welcome: Callable[[socket.socket], Callable[[bytes], object]]) -> None:
    """
    See C{sendloop.c}.

    @param welcome: makes of a connection what sends to the subscriber at its other end.
    """
    count, size, channels = map(int, sys.argv[1:])
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(listener.getsockname()[1], flush=True)

    def next_connection() -> socket.socket:
        connection = listener.accept()[0]
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    control = next_connection()
    frame = b""
    while len(frame) < size:
        frame += control.recv(size - len(frame)) or sys.exit("the frame did not come")
    sends = [welcome(next_connection()) for _ in range(count)]
    channel = 0
    while orders := control.recv(64):
        for _ in orders:
            for send in sends[channel::channels]:
                send(frame)
            channel = (channel + 1) % channels
            control.sendall(b"+")


if __name__ == "__main__":
    serve(lambda connection: connection.sendall)
