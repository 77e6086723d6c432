"""
The baseline of fan-out within TLS: what pyOpenSSL asks for writing the same bytes to many connections.

It is called as C{sendloop.c}, and does the same. The files of the certificate and its key come from the
environment; when the hands are shaken, the subscriber gets a byte.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable

from OpenSSL import SSL
from sendloop import serve


def main() -> None:
    """Shake hands with each subscriber, then send."""
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.use_certificate_chain_file(os.environ["BENCH_CERTIFICATE"])
    context.use_privatekey_file(os.environ["BENCH_KEY"])

    def welcome(raw: socket.socket) -> Callable[[bytes], object]:
        connection = SSL.Connection(context, raw)
        connection.set_accept_state()
        connection.do_handshake()
        connection.sendall(b"+")
        return connection.send

    serve(welcome)


if __name__ == "__main__":
    main()
