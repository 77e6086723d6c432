"""What a browser says to come in and to listen, in either protocol, and where it is said."""

from __future__ import annotations

from dataclasses import dataclass

#: Stands for the number of the connection, in as many digits.
NUMBER = "########"
#: Linux has some 28,000 ports for connections to the same place, some of which are still in use.
FROM_ONE_ADDRESS = 10_000

#: What proves that the handshake was read (RFC 6455, 1.3): the same for all, as nothing here is a secret.
KEY = "AAAAAAAAAAAAAAAAAAAAAA=="

_UPGRADE = (
    "GET {path} HTTP/1.1\r\n"
    "Host: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{more}"
    f"Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


@dataclass(frozen=True, slots=True)
class Manner:
    """
    How somebody connects; L{NUMBER} becomes a number, another for each connection.

    @ivar path: what is asked for.
    @ivar texts: what is said when that was answered.
    @ivar mark: whoever has heard this is there; empty if the answer is enough.
    """

    path: str
    texts: tuple[str, ...] = ()
    mark: str = ""


def lines(channel: str, dev_id: int = 0) -> Manner:
    """@return: that of scripts made for CppComet, anonymous."""
    uuid = NUMBER.rjust(32, "0")
    return Manner(
        f"/ws/sesion=&myid=0&devid={dev_id}&v=4.08&uuid={uuid}&api=js",
        # When the second is answered, the first is done.
        (f"subscription\n{channel}", "pipe_count\nweb_bench\nready"),
        "ready",
    )


def json(channel: str, dev_id: int = 0) -> Manner:
    """@return: that of clients of our own, anonymous."""
    return Manner(
        "/comet/ws",
        (
            f'{{"cmd": "hello", "version": 1, "dev_id": {dev_id}, "uuid": "{NUMBER.rjust(32, "0")}",'
            f' "channels": {{"{channel}": null}}}}',
        ),
        '"subscribed"',
    )


#: The manners, by the name of the dialect.
MANNERS = {"cppcomet": lines, "json": json}


def upgrade(host: str, path: str, origin: str = "") -> str:
    """
    @param host: as in a URL.
    @return: the request for a WebSocket.
    """
    return _UPGRADE.format(path=path, host=host, more=f"Origin: {origin}\r\n" if origin else "")


def frame(text: bytes, opcode: int = 1) -> bytes:
    """@return: a text as a frame from a client, masked with zeros, which leave it as it is."""
    size = len(text)
    if size < 126:
        length = bytes((0x80 | size,))
    elif size < 1 << 16:
        length = b"\xfe" + size.to_bytes(2, "big")
    else:
        raise ValueError("a longer text has a longer header")
    return bytes((0x80 | opcode,)) + length + bytes(4) + text


def near_address(far: str, number: int) -> tuple[str, int] | None:
    """
    @param far: the address to connect to.
    @param number: which of many connections it is; an address has so many ports and no more.
    @return: where to connect from, C{None} for anywhere; this machine has many addresses for itself.
    """
    if not far.startswith("127.") or number < FROM_ONE_ADDRESS:
        return None
    return f"127.0.0.{1 + number // FROM_ONE_ADDRESS}", 0
