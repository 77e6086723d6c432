"""
The baseline of fan-out within TLS: what pyOpenSSL asks for writing the same bytes to many connections.

It is called as C{sendloop.c}, and does the same. The files of the certificate and its key come from the
environment; when the hands are shaken, the subscriber gets a byte.
"""

from __future__ import annotations

import os
import socket
import sys

from OpenSSL import SSL


def main() -> None:
    """See C{sendloop.c}."""
    count, size, channels = map(int, sys.argv[1:])
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.use_certificate_chain_file(os.environ["BENCH_CERTIFICATE"])
    context.use_privatekey_file(os.environ["BENCH_KEY"])
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(listener.getsockname()[1], flush=True)

    def next_connection() -> socket.socket:
        connection = listener.accept()[0]
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def next_subscriber() -> SSL.Connection:
        connection = SSL.Connection(context, next_connection())
        connection.set_accept_state()
        connection.do_handshake()
        connection.sendall(b"+")
        return connection

    control = next_connection()
    frame = b""
    while len(frame) < size:
        frame += control.recv(size - len(frame)) or sys.exit("the frame did not come")
    sends = [next_subscriber().send for _ in range(count)]
    channel = 0
    while orders := control.recv(64):
        for _ in orders:
            for send in sends[channel::channels]:
                send(frame)
            channel = (channel + 1) % channels
            control.sendall(b"+")


if __name__ == "__main__":
    main()
