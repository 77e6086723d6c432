"""What each process of a load is told to do; all of it can be JSON."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """
    A server that has been looked up.

    @ivar address: an IP address.
    @ivar host: as in a URL, with the port unless it is the usual one.
    @ivar tls: whether to speak TLS.
    @ivar name: what its certificate is for.
    @ivar ca_file: the authorities to trust; empty for those of the system.
    """

    address: str
    port: int
    host: str
    tls: bool = False
    name: str = ""
    ca_file: str = ""


@dataclass(frozen=True, slots=True)
class Listening:
    """
    Browsers that come, and listen to one of several channels each, in turn.

    @ivar first: the number of the first of them; all numbers of a run differ.
    @ivar row: its row of the board, a file that all share.
    """

    place: Place
    dialect: str
    dev_id: int
    origin: str
    channels: tuple[str, ...]
    first: int
    count: int
    board: str
    rows: int
    row: int


@dataclass(frozen=True, slots=True)
class Speaking:
    """
    Backends that publish to one channel after the other, each the next message when the last was answered.

    @ivar via: C{sql} or C{http}.
    @ivar backends: how many there are in this process.
    @ivar size: bytes of text in a message.
    @ivar rate: messages a second; 0 for as fast as it goes.
    @ivar window: so many messages may be on their way to those who listen; 0 if nobody is waited for.
    @ivar reach: how many listen to each channel.
    """

    place: Place
    via: str
    user: str
    password: str
    database: str
    dev_id: int
    channels: tuple[str, ...]
    reach: tuple[int, ...]
    backends: int
    size: int
    seconds: float
    rate: float
    window: int
    board: str
    rows: int
    row: int
