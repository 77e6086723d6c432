"""
One connection of a MySQL client, without its socket.

Bytes go in (L{ServerConnection.receive}), events come out (L{ServerConnection.events}); replies go in
(L{ServerConnection.send}, L{ServerConnection.stream}), bytes come out. Each event is answered before the
next one is asked for; that keeps order and sequence numbers, however far ahead the client writes. What may
come when stands in the table C{EXPECTED}.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import Enum, auto

from comet.errors import OutOfOrder, PacketTooLarge, PeerError
from comet.protocols.mysql import commands, events
from comet.protocols.mysql.auth import NATIVE, Plugin
from comet.protocols.mysql.constants import OFFERED, Capability, Command
from comet.protocols.mysql.events import Event
from comet.protocols.mysql.framing import Oversized, Packet, PacketReader, PacketWriter
from comet.protocols.mysql.handshake import Greeting, HandshakeResponse, requests_tls
from comet.protocols.mysql.login import LoginExchange
from comet.protocols.mysql.loginkey import LoginKey
from comet.protocols.mysql.replies import Ok, Reply, Terms, ok_packet

#: The longest packet of somebody who has not logged in.
LOGIN_PACKET = 1 << 16

#: The key in C{EXPECTED} of packets that are told apart by nothing but the state.
ANY = -1

#: COM_SLEEP, which no client sends.
SLEEP = 0


class State(Enum):
    """What a connection waits for."""

    GREETING = auto()
    """Our greeting has not been sent."""
    LOGIN = auto()
    """The client's handshake response, or its request for TLS."""
    STARTING_TLS = auto()
    """The start of TLS, by us."""
    PROOF = auto()
    """The client's answer to the request to switch."""
    PASSWORD = auto()
    """The client's password, or its request for our key."""
    CHECKING = auto()
    """Our verdict on a login."""
    READY = auto()
    """A command."""
    GUEST = auto()
    """A command, of a load balancer without a password."""
    CLOSED = auto()
    """Nothing."""


class ServerConnection:
    """
    Bytes in, events out; replies in, bytes out.

    @ivar state: what this connection waits for.
    @ivar terms: what answers depend on.
    @ivar multi_statements: whether the client may send several statements in one text.
    @ivar found_rows: whether the client wants to know of an UPDATE how many rows it has found.
    """

    def __init__(
        self,
        version: str,
        connection_id: int,
        random: Callable[[int], bytes],
        max_allowed_packet: int = 1 << 24,
        tls: bool = False,
        plugin: Plugin = NATIVE,
        full_authentication: bool = False,
        key: LoginKey | None = None,
    ) -> None:
        """
        @param version: of the server; it begins with three numbers.
        @param random: gives that many random bytes.
        @param max_allowed_packet: the longest command.
        @param tls: whether the client may ask for TLS.
        @param plugin: the way to prove the password that is asked for first.
        @param full_authentication: see L{LoginExchange}.
        @param key: what passwords come under without TLS, if they have to come at all.
        """
        self.state = State.GREETING
        self.terms = Terms()
        self.multi_statements = False
        self.found_rows = False
        self._shared = Capability(0)
        self._compresses = False
        self._version = version
        self._connection_id = connection_id
        self._max_allowed_packet = max_allowed_packet
        self._offered = OFFERED | Capability.SSL if tls else OFFERED
        self._login_exchange = LoginExchange(
            plugin, random, full_authentication, key if key is not None else LoginKey()
        )
        self._reader = PacketReader(LOGIN_PACKET)
        self._writer = PacketWriter()
        self._granted = State.READY

    # In ---------------------------------------------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        """Take bytes from the network."""
        if self.state is not State.CLOSED:
            self._reader.feed(data)

    @property
    def waiting(self) -> int:
        """How many bytes have come in that no event has been made of."""
        return self._reader.waiting

    def events(self) -> Iterator[Event]:
        """
        @return: what the client has done, one at a time; ends when more bytes are needed. The next packet
            is looked at when the next event is asked for, by when the last one has been answered.
        @raise PeerError: if the client broke the protocol. The connection is of no more use then, but for
            saying why.
        """
        try:
            yield from self._events()
        except PeerError:
            # The reason goes out as the answer to what came last.
            self._writer.sequence = (self._reader.sequence + 1) & 0xFF
            raise

    def statement(self) -> bytes | None:
        """
        The short way of nearly every packet, beside L{events}.

        @return: the payload of a statement or a ping that has come whole and is next; it has to be answered
            before anything else is asked for. C{None} for whatever else is next.
        """
        reader = self._reader
        if not reader.fresh or self.state is not State.READY:
            return None
        payload = reader.quick(QUICK)
        if payload is not None:
            self._writer.sequence = 1
        return payload

    def _events(self) -> Iterator[Event]:
        for packet in self._reader:
            event = self._event(packet)
            if event is not None:
                yield event

    def _event(self, packet: Packet | Oversized) -> Event | None:
        expected = 0 if self.state in COMMANDED else self._writer.sequence
        if packet.sequence != expected:
            raise OutOfOrder(f"Got packets out of order: number {packet.sequence}, expected {expected}")
        self._writer.sequence = packet.next_sequence()
        if isinstance(packet, Oversized):
            if self.state not in COMMANDED:
                raise PacketTooLarge(f"Got a packet of {packet.size} bytes during a login")
            if packet.head[:1] == bytes((Command.STMT_SEND_LONG_DATA,)):
                return events.LongDataReceived(
                    commands.statement_of(packet.head), int.from_bytes(packet.head[5:], "little"), None
                )
            return events.CommandDeclined(
                PacketTooLarge(
                    f"Got a packet bigger than 'max_allowed_packet' bytes: {packet.size}, "
                    f"at most {self._max_allowed_packet}"
                )
            )
        return self._parse(packet.payload)

    def _parse(self, payload: bytes) -> Event | None:
        expected = EXPECTED[self.state]
        parse = expected.get(payload[0] if payload else ANY) or expected.get(ANY)
        if parse is None:
            raise PeerError(f"Got a packet while waiting for none: {self.state.name}")
        return parse(self, payload)

    # The login --------------------------------------------------------------------------------------------

    def greet(self) -> bytes:
        """@return: the greeting, the first bytes of all."""
        self.state = State.LOGIN
        self.terms.greeted = True
        salt, plugin = self._login_exchange.salt, self._login_exchange.plugin
        return self.send(Greeting(self._version, self._connection_id, salt, self._offered, plugin.name))

    def welcome(self) -> bytes:
        """@return: the answer to a login that is granted."""
        self.state = self._granted
        self._reader.limit, self._reader.forgiving = self._max_allowed_packet, True
        success = self._login_exchange.success if self.state is State.READY else b""
        return (self._writer.pack(success) if success else b"") + self.send(Ok())

    def start_tls(self) -> bytes:
        """
        Go on inside TLS, where the client repeats its handshake response.

        @return: the bytes that came behind the request for TLS: they belong to TLS.
        """
        self.state = State.LOGIN
        self._offered &= ~Capability.SSL
        self._login_exchange.secure = True
        return self._reader.take()

    def _login(self, payload: bytes) -> Event:
        if self._offered & Capability.SSL and requests_tls(payload):
            self.state = State.STARTING_TLS
            return events.TLSRequested()
        response = HandshakeResponse.parse(payload, self._offered)
        if response.capabilities & Capability.SSL:
            raise PeerError("malformed packet: a request for TLS with a login in the clear")
        self._shared = response.capabilities
        self._compresses = bool(int.from_bytes(payload[:4], "little") & Capability.COMPRESS)
        self.terms.deprecate_eof = bool(self._shared & Capability.DEPRECATE_EOF)
        self.multi_statements = bool(self._shared & Capability.MULTI_STATEMENTS)
        self.found_rows = bool(self._shared & Capability.FOUND_ROWS)
        return self._judged(self._login_exchange.respond(response))

    def _proof(self, payload: bytes) -> Event:
        return self._judged(self._login_exchange.prove(payload))

    def _password(self, payload: bytes) -> Event:
        return self._judged(self._login_exchange.password(payload))

    def _judged(self, event: Event) -> Event:
        if isinstance(event, events.SwitchNeeded):
            self.state = State.PROOF
        elif isinstance(event, events.PasswordNeeded | events.KeyNeeded):
            self.state = State.PASSWORD
        else:
            self.state = State.CHECKING
        if isinstance(event, events.HealthCheckReceived):
            self._granted = State.GUEST
        return event

    # Commands ---------------------------------------------------------------------------------------------

    def _quit(self, payload: bytes) -> Event:
        self.close()
        return events.QuitReceived()

    def _sleep(self, payload: bytes) -> Event:
        # mysqlnd compresses whatever was offered, and its header of seven bytes ends in a zero where we look
        # for a command. It would wait for ever for an answer in kind.
        if self._compresses:
            raise PeerError("compressed packets are not supported: connect without CLIENT_COMPRESS")
        return commands.unknown(payload)

    def _change_user(self, payload: bytes) -> Event:
        return self._judged(
            self._login_exchange.change(HandshakeResponse.parse_change(payload, self._shared))
        )

    def _reset_connection(self, payload: bytes) -> Event:
        return events.ResetReceived()

    def _set_option(self, payload: bytes) -> Event:
        option = int.from_bytes(payload[1:3], "little")
        if option not in (0, 1):
            return commands.unknown(payload)
        self.multi_statements = option == 0
        return events.OptionReceived()

    # Out --------------------------------------------------------------------------------------------------

    def send(self, reply: Reply) -> bytes:
        """@return: C{reply} for the wire."""
        return b"".join(map(self._writer.pack, reply.payloads(self.terms)))

    def done(self, affected: int, insert_id: int) -> bytes:
        """@return: an OK for a statement that was done and has nothing else to tell, for the wire."""
        sequence = self._writer.sequence
        self._writer.sequence = (sequence + 1) & 0xFF
        return ok_packet(sequence, affected, insert_id, self.terms.status)

    def stream(self, reply: Reply) -> Iterator[bytes]:
        """
        @return: C{reply} for the wire, in pieces, so that nobody has to hold all of it. What it raises while
            it is made comes after the bytes before it, and an error may be sent in place of the rest.
        """
        return self._writer.pieces(reply.payloads(self.terms))

    def close(self) -> None:
        """Neither take nor give any more; what the client still sends is dropped."""
        self.state = State.CLOSED
        self._reader.take()


#: The commands that L{ServerConnection.statement} looks for.
QUICK = frozenset((Command.QUERY, Command.STMT_EXECUTE, Command.PING))

#: The states in which each packet begins a new exchange, so that its number is 0.
COMMANDED = (State.READY, State.GUEST)

Parse = Callable[[ServerConnection, bytes], Event | None]


def _plain(parse: commands.Parse) -> Parse:
    """@return: C{parse}, as it stands in the table."""
    return lambda connection, payload: parse(payload)


#: What may arrive in each state, by its first byte. All else is the peer's error.
EXPECTED: Mapping[State, Mapping[int, Parse]] = {
    State.GREETING: {},
    State.LOGIN: {ANY: ServerConnection._login},
    State.STARTING_TLS: {},
    State.PROOF: {ANY: ServerConnection._proof},
    State.PASSWORD: {ANY: ServerConnection._password},
    State.CHECKING: {},
    State.READY: {
        SLEEP: ServerConnection._sleep,
        Command.QUIT: ServerConnection._quit,
        Command.CHANGE_USER: ServerConnection._change_user,
        Command.RESET_CONNECTION: ServerConnection._reset_connection,
        Command.SET_OPTION: ServerConnection._set_option,
        **{command: _plain(parse) for command, parse in commands.PLAIN.items()},
        ANY: _plain(commands.unknown),
    },
    State.GUEST: {
        Command.QUIT: ServerConnection._quit,
        Command.PING: _plain(commands.ping),
        ANY: _plain(commands.forbidden),
    },
    State.CLOSED: {},
}
