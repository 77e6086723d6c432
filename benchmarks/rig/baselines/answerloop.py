"""What C{answerloop.c} does, for machines without a C compiler."""

from __future__ import annotations

import select
import socket

OK = b"\x07\0\0\x01\0\x01\0\x02\0\0\0"


def main() -> None:
    """See C{answerloop.c}."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(listener.getsockname()[1], flush=True)
    epoll = select.epoll()
    epoll.register(listener, select.EPOLLIN)
    clients: dict[int, socket.socket] = {}
    missing: dict[int, int] = {}

    def welcome() -> None:
        client = listener.accept()[0]
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        clients[client.fileno()], missing[client.fileno()] = client, 0
        epoll.register(client, select.EPOLLIN)

    def answer(number: int) -> None:
        data = clients[number].recv(1 << 16)
        if not data:
            epoll.unregister(number)
            clients.pop(number).close()
        while data:
            left = missing[number] or 4 + int.from_bytes(data[:3], "little")
            here, data = len(data[:left]), data[left:]
            missing[number] = left - here
            if not missing[number]:
                clients[number].sendall(OK)

    while True:
        for number, _ in epoll.poll():
            if number == listener.fileno():
                welcome()
            else:
                answer(number)


if __name__ == "__main__":
    main()
