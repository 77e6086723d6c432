"""
The words of the domain: channels, users, messages, what a client asks and what it is told.

Nothing here knows a socket, a clock or a table. An L{Event} becomes bytes through a L{Form}, which joins a
dialect (what the text says) with the framing of a transport (how it travels); however many clients of that
form receive the event, it is encoded once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple, Protocol

from comet.errors import BadValue, CometError, Refused, TooLong, TooShort

#: The longest name of a channel, and the longest name of an event, in characters.
NAME_LIMIT = 64
#: A browser may subscribe to a name of two characters; SQL addresses names of three and more.
SHORTEST_SUBSCRIBED, SHORTEST_STORED = 2, 3
#: User ids and developer ids are what MySQL calls INT.
ID_LIMIT = 2**31 - 1

_NAME = re.compile(r"[A-Za-z0-9_-]*")


class Channel(NamedTuple):
    """A named topic of one tenant."""

    dev_id: int
    name: str


class User(NamedTuple):
    """A person of one tenant, proved by a key; C{user_id} is at least 1."""

    dev_id: int
    user_id: int


def check_name(name: str, what: str, shortest: int, longest: int = NAME_LIMIT) -> str:
    """
    @param what: what the name is of, for the text of the error.
    @return: C{name}, if it is one.
    @raise TooShort, TooLong, BadValue: if not.
    """
    if len(name) < shortest:
        raise TooShort(f"Data too short for {what}: {len(name)} characters, at least {shortest}")
    if len(name) > longest:
        raise TooLong(f"Data too long for {what}: {len(name)} characters, at most {longest}")
    if not _NAME.fullmatch(name):
        raise BadValue(f"Incorrect value {name[:80]!r} for {what}: only A-Za-z0-9_- are allowed")
    return name


def is_name(name: str, shortest: int, longest: int = NAME_LIMIT) -> bool:
    """@return: whether L{check_name} would take C{name}."""
    return shortest <= len(name) <= longest and _NAME.fullmatch(name) is not None


# What a client asks ---------------------------------------------------------------------------------------


class Command:
    """Something a client asks for."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Subscribe(Command):
    """Listen to exactly these channels, whatever was listened to before."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Send(Command):
    """Publish into a channel that clients may write to."""

    name: str
    event: str
    text: str
    hide_sender: bool = False


@dataclass(frozen=True, slots=True)
class AskCount(Command):
    """How many connections listen to a channel?"""

    name: str
    marker: str


@dataclass(frozen=True, slots=True)
class AskHistory(Command):
    """What was said in a channel lately?"""

    name: str
    marker: str


@dataclass(frozen=True, slots=True)
class AskMembers(Command):
    """Who listens to a channel?"""

    name: str
    marker: str


@dataclass(frozen=True, slots=True)
class AskStatus(Command):
    """When was a user here last?"""

    user_id: int


@dataclass(frozen=True, slots=True)
class AskData(Command):
    """What has the site noted about a user?"""

    user_id: int
    marker: str


@dataclass(frozen=True, slots=True)
class Nothing(Command):
    """A command that has no effect and no answer; kept because clients send it."""


@dataclass(frozen=True, slots=True)
class Unreadable(Command):
    """A command of the kind C{intended} whose arguments are wrong; the client is told so."""

    intended: type[Command]
    error: Refused


# What a client is told ------------------------------------------------------------------------------------


class Named(Protocol):
    """Something with a name to show."""

    @property
    def name(self) -> str:
        """The name."""


class Form(Protocol):
    """
    One way of turning events into bytes: a dialect in the framing of a transport.

    @ivar transport: the name of the transport.
    """

    transport: str

    @property
    def dialect(self) -> Named:
        """The dialect."""

    def encode(self, event: Event) -> bytes:
        """@return: the bytes to write to a client of this form."""


@dataclass(slots=True)
class Event:
    """Something that clients are told."""

    _encoded: dict[Form, bytes] = field(default_factory=dict, init=False, repr=False, compare=False)

    def encoded(self, form: Form) -> bytes:
        """@return: this event in C{form}, computed once."""
        frame = self._encoded.get(form)
        if frame is None:
            frame = self._encoded[form] = form.encode(self)
        return frame


@dataclass(slots=True)
class Message(Event):
    """
    What was said in a channel.

    @ivar user_id: who said it from a browser, 0 if that was nobody known; C{None} if it came in SQL.
    @ivar time: when, in seconds since 1970.
    @ivar id: a UUID if it is stored, else empty.
    @ivar position: its place in the order of its channel, from 1 on, if it comes from the store; else 0.
    """

    channel: Channel
    event: str
    text: str
    time: int
    user_id: int | None = None
    id: str = ""
    position: int = field(default=0, compare=False)


@dataclass(slots=True)
class Recalled(Event):
    """A message from the history of its channel."""

    message: Message


@dataclass(slots=True)
class PrivateMessage(Event):
    """
    What was said to one user, on all devices.

    @ivar time: when, in seconds since 1970.
    @ivar number: its place in the order of the queue, 0 if it is not stored.
    """

    user: User
    event: str
    text: str
    time: int
    number: int = 0

    @property
    def queued(self) -> bool:
        """Whether it waited in the queue."""
        return self.number > 0


class Member(NamedTuple):
    """A subscriber as other clients may know it."""

    user_id: int
    uuid: str


@dataclass(slots=True)
class Joined(Event):
    """A client has subscribed to a channel that tells so."""

    channel: Channel
    member: Member
    time: int


@dataclass(slots=True)
class Left(Event):
    """A client has left a channel that tells so."""

    channel: Channel
    member: Member
    time: int


@dataclass(slots=True)
class StatusChanged(Event):
    """A user's first connection has opened, or the last one closed."""

    user: User
    online: bool


@dataclass(slots=True)
class Welcome(Event):
    """The first thing a client is told: whether its key was right, and the key to use from now on."""

    authorized: bool
    key: str
    server: str
    time: int


@dataclass(slots=True)
class Reported(Event):
    """What became of a L{Send}: how many connections it was handed to."""

    name: str
    text: str
    receivers: int
    time: int


@dataclass(slots=True)
class Counted(Event):
    """The answer to L{AskCount}."""

    marker: str
    count: int
    time: int


@dataclass(slots=True)
class Members(Event):
    """The answer to L{AskMembers}, newest first."""

    name: str
    marker: str
    members: tuple[Member, ...]
    time: int


@dataclass(slots=True)
class Status(Event):
    """
    The answer to L{AskStatus}.

    @ivar last_seen: 0 while online, -1 if never seen, else seconds since 1970.
    """

    user_id: int
    last_seen: int
    time: int


@dataclass(slots=True)
class UserData(Event):
    """The answer to L{AskData}; C{data} is empty if there is nothing."""

    user_id: int
    marker: str
    data: str
    time: int


@dataclass(slots=True)
class Refusal(Event):
    """A command was not granted; the connection stays."""

    error: CometError
    time: int
    command: type[Command] | None = None


class Goodbye(Enum):
    """
    Why the server ends a connection: a code, whether to come back, and a sentence.

    Codes below 4500 mean "come back", those from 4500 on "do not".
    """

    SHUTDOWN = (4000, "the server is going down")
    SLOW = (4001, "messages came faster than they were read")
    KEY_REMOVED = (4002, "the key of this user was removed")
    IDLE = (4003, "nothing was heard for too long")
    PROTOCOL = (4004, "the protocol was broken")
    KILLED = (4500, "disconnected by the administrator")
    REPLACED = (4501, "this user has connected from more devices than are allowed")
    ORIGIN = (4502, "pages of this origin may not connect")
    NO_SESSION = (4510, "the address of the connection lacks sesion=KEY")
    NO_USER = (4511, "the address of the connection lacks myid=USER_ID")
    NO_DEVELOPER = (4512, "the address of the connection lacks devid=DEV_ID")
    NO_VERSION = (4513, "the address of the connection lacks v=MAJOR.MINOR")

    @property
    def code(self) -> int:
        """The number of this goodbye, a WebSocket close code of the private range (RFC 6455, 7.4.2)."""
        return self.value[0]

    @property
    def reason(self) -> str:
        """A sentence for people."""
        return self.value[1]

    @property
    def final(self) -> bool:
        """Whether the client should stay away."""
        return self.code >= 4500


@dataclass(slots=True)
class Farewell(Event):
    """The last thing a client is told."""

    goodbye: Goodbye
    time: int


#: A JSON value.
Json = Any
