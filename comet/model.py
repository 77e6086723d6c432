"""
The words of the domain: channels, users, messages, what a client asks and what it is told.

Nothing here knows a socket, a clock or a table. An L{Event} becomes bytes through a L{Form}, which joins a
dialect (what the text says) with the framing of a transport (how it travels); however many clients of that
form receive the event, it is encoded once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
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


class Place(NamedTuple):
    """
    A place in the history of one channel.

    @ivar epoch: names the counting; places of different epochs cannot be compared.
    @ivar position: counts 1, 2, 3 ... without holes; 0 is the place before the first message.
    """

    epoch: str
    position: int

    def __str__(self) -> str:
        """@return: the cursor that clients are told, and give back."""
        return f"{self.epoch}:{self.position}"


#: The place of what was never counted.
NOWHERE = Place("", 0)

_CURSOR = re.compile(r"([A-Za-z0-9]{1,64}):([0-9]{1,18})")


def read_cursor(cursor: str) -> Place:
    """
    @return: the place that C{cursor} means.
    @raise BadValue: if it is none.
    """
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise BadValue(f"Incorrect cursor {cursor[:80]!r}: EPOCH:POSITION is expected, as the server gave it")
    return Place(found[1], int(found[2]))


# What a client asks ---------------------------------------------------------------------------------------


class Command:
    """Something a client asks for."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Subscribe(Command):
    """Listen to exactly these channels, whatever was listened to before."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Follow(Command):
    """
    Listen to these channels, too, each from a place in its history on or from now on.

    @ivar only: whether to listen to no others.
    """

    wanted: Mapping[str, Place | None]
    only: bool = False


@dataclass(frozen=True, slots=True)
class Unfollow(Command):
    """Listen to these channels no more."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Send(Command):
    """Publish into a channel that clients may write to; C{quiet} asks for no report."""

    name: str
    event: str
    text: str
    hide_sender: bool = False
    quiet: bool = False


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
class AskPage(Command):
    """
    What was said in a channel, in one answer?

    @ivar limit: how many messages at the most, C{None} for all there are.
    @ivar since: behind which place to begin; C{None} for the newest.
    """

    name: str
    limit: int | None = None
    since: Place | None = None


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
class Acknowledge(Command):
    """The private messages up to this number have arrived."""

    number: int


@dataclass(frozen=True, slots=True)
class Refresh(Command):
    """Go on with this token for the same user."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ping(Command):
    """Is somebody there?"""


@dataclass(frozen=True, slots=True)
class Nothing(Command):
    """A command that has no effect and no answer; kept because clients send it."""


@dataclass(frozen=True, slots=True)
class Hello(Command):
    """
    Who a client is, where the address of its connection does not say it; nothing of it is proved.

    @ivar wanted: what to listen to at once, see L{Follow}.
    @ivar acknowledged: the number of the last private message that has arrived, 0 for none.
    """

    dev_id: int = 0
    user_id: int = 0
    key: str = ""
    uuid: str = ""
    wanted: Mapping[str, Place | None] = field(default_factory=dict)
    acknowledged: int = 0


#: What a client calls one of its commands, to know the answer by it.
RequestId = int | str


@dataclass(frozen=True, slots=True)
class Request(Command):
    """A command whose answer is to be known by an id."""

    id: RequestId
    command: Command


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
    @ivar acknowledges: whether its clients tell which private messages have arrived.
    @ivar has_rooms: whether its clients know of calls and rooms.
    """

    transport: str
    acknowledges: bool
    has_rooms: bool

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
    @ivar place: its place in the history of its channel, once it is stored; else L{NOWHERE}.
    """

    channel: Channel
    event: str
    text: str
    time: int
    user_id: int | None = None
    id: str = ""
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(slots=True)
class Recalled(Event):
    """A message from the history of its channel, told because of L{AskHistory}."""

    message: Message
    marker: str = field(default="", compare=False)


@dataclass(slots=True)
class PrivateMessage(Event):
    """
    What was said to one user, on all devices.

    @ivar time: when, in seconds since 1970.
    @ivar number: its place in the order of the queue, 0 if it is not stored.
    @ivar expires: from when on nobody wants it any more, in seconds since 1970; 0 for never.
    @ivar live: whether it comes straight from the sender, though it is stored.
    @ivar is_object: whether the text is a JSON object, which the clients of CppComet are given as such.
    """

    user: User
    event: str
    text: str
    time: int
    number: int = 0
    expires: int = 0
    live: bool = field(default=False, compare=False)
    is_object: bool = field(default=False, compare=False)

    @property
    def queued(self) -> bool:
        """Whether it waited in the queue."""
        return self.number > 0 and not self.live


class Member(NamedTuple):
    """
    A subscriber as other clients may know it.

    @ivar connection: the number of its connection.
    """

    user_id: int
    uuid: str
    connection: int = 0


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
    time: int = field(default=0, compare=False)


@dataclass(slots=True)
class Welcome(Event):
    """
    The first thing a client is told: whether its key was right, and the key to use from now on.

    @ivar user: who it is now, with a C{user_id} of 0 for nobody known.
    @ivar connection: the number of this connection.
    @ivar session: the secret by which a client without a connection of its own is found again.
    @ivar expires: when its token runs out, in seconds since 1970.
    """

    authorized: bool
    key: str
    server: str
    time: int
    user: User = field(default=User(0, 0), compare=False)
    connection: int = field(default=0, compare=False)
    session: str = field(default="", compare=False)
    expires: int | None = field(default=None, compare=False)


@dataclass(slots=True)
class Reported(Event):
    """
    What became of a L{Send}: how many connections it was handed to.

    @ivar place: its place in the history of the channel, if that keeps one; else L{NOWHERE}.
    """

    name: str
    text: str
    receivers: int
    time: int
    place: Place = field(default=NOWHERE, compare=False)


class Joint(NamedTuple):
    """
    How the present of a channel joins what a client knows of it.

    @ivar place: how far the channel has counted, L{NOWHERE} if it keeps no history.
    @ivar missed: how many messages the client is given because it has missed them.
    @ivar gap: whether it has missed more than that.
    """

    place: Place
    missed: int = 0
    gap: bool = False


@dataclass(slots=True)
class Followed(Event):
    """The answer to L{Follow}, with those channels that were not refused."""

    joints: Mapping[str, Joint]
    time: int


@dataclass(slots=True)
class Page(Event):
    """The answer to L{AskPage}, oldest first; C{gap} tells that messages behind C{since} are gone."""

    place: Place
    gap: bool
    messages: tuple[Message, ...]
    time: int


@dataclass(slots=True)
class Done(Event):
    """The answer to a command that asks for nothing."""

    time: int


@dataclass(slots=True)
class Refreshed(Event):
    """The answer to L{Refresh}: when the new token runs out, in seconds since 1970."""

    expires: int | None
    time: int


@dataclass(slots=True)
class Beat(Event):
    """The server is there, where the transport itself has no way to show that."""

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
    """
    A command was not granted; the connection stays.

    @ivar channel: the name of the channel that is meant, where a command has several.
    """

    error: CometError
    time: int
    command: type[Command] | None = None
    channel: str = field(default="", compare=False)


@dataclass(slots=True)
class Answer(Event):
    """What a L{Request} is answered with."""

    id: RequestId
    event: Event


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
    EXPIRED = (4005, "the token has expired")
    FLOOD = (4020, "too many messages")
    CROWD = (4021, "too many connections or requests from this address")
    FULL = (4022, "as many connections are open as this server takes")
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
    """
    The last thing a client is told.

    @ivar retry: in how many milliseconds to come back, if that is not up to the client.
    """

    goodbye: Goodbye
    time: int
    retry: int | None = None


#: A JSON value.
Json = Any
