"""The transport of server-sent events: one unending answer for each client, in the words of JSON."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable

from twisted.web.http import Request
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from comet.errors import CometError, TooManyCommands, UnknownSession
from comet.model import Beat, Command, Event, Farewell, Goodbye, Hello
from comet.protocols.answers import (
    address_of,
    answer_error,
    answer_json,
    headers_of,
)
from comet.protocols.dialects import fields
from comet.protocols.dialects.jsonlines import COMMANDS_LIMIT, read_commands
from comet.protocols.frames import DialectForm
from comet.protocols.inbox import Inbox
from comet.protocols.outlet import Outlet
from comet.protocols.query import StreamCursor, query_hello, read_bearer
from comet.protocols.reception import Reception
from comet.session import Session

#: After so many milliseconds a browser comes back by itself.
RETRY_MILLISECONDS = 1000


class EventStreamForm(DialectForm):
    """JSON as the events of a stream (HTML Living Standard, 9.2)."""

    transport = "sse"

    def encode(self, event: Event) -> bytes:
        """See L{Form.encode}. No JSON has a line feed in it."""
        # A browser obeys this by itself.
        retry = b""
        if isinstance(event, Farewell) and event.retry is not None:
            retry = b"retry: %d\n" % event.retry
        return retry + b"data: " + self._dialect.encode(event).encode() + b"\n\n"


class EventStream:
    """One stream: writes while the socket is willing; the rest waits in the session."""

    def __init__(
        self,
        request: Request,
        hello: Hello,
        streams: EventStreams,
        make_session: Callable[..., Session] = Session,
    ) -> None:
        """
        @param make_session: makes the session, given what L{Session} takes.
        @raise comet.errors.Refused: if there can be no such client.
        """
        reception = streams.reception
        visitor = reception.visitor(hello, address_of(request), headers_of(request))
        self.secret = secrets.token_urlsafe(16)
        self._request, self._streams, self._hello = request, streams, hello
        places = {name: place for name, place in hello.wanted.items() if place is not None}
        limits = reception.broker.limits
        self._cursor = StreamCursor(places, hello.acknowledged, limits.channels)
        self.session = make_session(
            *(visitor, streams.form, self, reception.broker, reception.server),
            secret=self.secret,
            mark=self._mark,
        )
        self._outlet: Outlet | None = None
        self._quiet = True
        self._inbox: Inbox[Command | None] | None = Inbox(self, COMMANDS_LIMIT)
        self._start()

    def _start(self) -> None:
        request, reception = self._request, self._streams.reception
        request.setHeader("Content-Type", "text/event-stream; charset=utf-8")
        request.setHeader("Cache-Control", "no-store, no-transform")
        # nginx would collect the stream otherwise.
        request.setHeader("X-Accel-Buffering", "no")
        request.notifyFinish().addErrback(lambda _: self._gone())
        request.write(b"retry: %d\n\n" % RETRY_MILLISECONDS)
        self._outlet = Outlet(request, self.session)
        reception.opened(self.session)
        assert self._inbox is not None
        self._inbox.put(None)
        self._beat_later()

    def put(self, commands: list[Command]) -> None:
        """
        Carry out what the client has said in a request of its own.

        @raise TooManyCommands: if too much of that kind waits already.
        """
        inbox = self._inbox
        assert inbox is not None  # or nobody would have found us
        if inbox.waiting + len(commands) > COMMANDS_LIMIT:
            raise TooManyCommands(f"{inbox.waiting} commands wait already, at most {COMMANDS_LIMIT}")
        for command in commands:
            self._streams.reception.heard(self.session)
            inbox.put(command)

    async def serve(self, command: Command | None) -> None:
        """See L{comet.protocols.inbox.Served.serve}; C{None} is the wish to come in."""
        await (self.session.start(self._hello) if command is None else self.session.receive(command))

    def pause(self) -> None:
        """See L{comet.protocols.inbox.Served.pause}: L{put} takes no more than that."""

    def resume(self) -> None:
        """See L{comet.protocols.inbox.Served.resume}."""

    def _mark(self, frame: bytes, event: Event) -> bytes:
        self._quiet = False
        return b"id: %s\n%s" % (str(self._cursor).encode(), frame) if self._cursor.follow(event) else frame

    def _beat(self) -> None:
        """Say that we are here, unless something was said anyway."""
        if not self.session.is_over:
            if self._quiet:
                self.session.tell(Beat(self._streams.reception.broker.now()))
            self._quiet = True
            self._beat_later()

    def _beat_later(self) -> None:
        reception = self._streams.reception
        if reception.ping_seconds:
            reception.wheel.call_later(reception.ping_seconds / 2, self._beat)

    def _gone(self) -> None:
        """The client is not there any more."""
        if self._outlet is not None:
            self._outlet.stopProducing()
        self._over()

    def _over(self) -> None:
        if self._inbox is not None:
            self._inbox.close()
        self._streams.forget(self)
        self._streams.reception.closed(self.session)
        self.session.fall_silent()
        # Whoever is gone shall be gone at once, not when the garbage is collected.
        self._inbox = self._outlet = None

    # Called by the session --------------------------------------------------------------------------------

    def ready(self) -> None:
        """See L{comet.outbox.Wire.ready}."""
        if self._outlet is not None:
            self._outlet.ready()

    def lose(self, goodbye: Goodbye) -> None:
        """See L{comet.outbox.Wire.lose}."""
        assert self._outlet is not None
        self._outlet.finish()
        self._over()
        self._request.finish()

    def drained(self) -> Awaitable[None]:
        """See L{comet.outbox.Wire.drained}."""
        assert self._outlet is not None
        return self._outlet.drained()


class EventStreams(Resource):
    """The path C{/comet/sse}: GET opens a stream, POST says something in one."""

    isLeaf = True

    def __init__(self, reception: Reception) -> None:
        super().__init__()
        self.reception = reception
        self.form = EventStreamForm(reception.json)
        self._streams: dict[str, EventStream] = {}

    def forget(self, stream: EventStream) -> None:
        """A stream has ended."""
        self._streams.pop(stream.secret, None)

    def open(self, request: Request, hello: Hello, make_session: Callable[..., Session] = Session) -> None:
        """Answer C{request} with a stream; see L{EventStream}."""
        stream = EventStream(request, hello, self, make_session)
        self._streams[stream.secret] = stream

    def render_GET(self, request: Request) -> int:
        """Open a stream."""
        query = request.uri.partition(b"?")[2].decode("latin-1")
        try:
            key = read_bearer(request.getHeader("authorization"))
            hello = query_hello(query, request.getHeader("last-event-id") or "", key)
            self.open(request, hello)
        except CometError as error:
            answer_error(request, error)
        return NOT_DONE_YET

    def render_POST(self, request: Request) -> int:
        """Say something in a stream; the answers come there."""
        assert request.content is not None
        try:
            secret, commands = read_said(request.content.read())
            if secret not in self._streams:
                raise UnknownSession("no such stream ends here: open another one")
            self._streams[secret].put(commands)
        except CometError as error:
            answer_error(request, error)
        else:
            answer_json(request, {}, 202)
        return NOT_DONE_YET


def read_said(body: bytes) -> tuple[str, list[Command]]:
    """
    @return: the secret of the stream, and the commands, those that cannot be read among them.
    @raise comet.errors.Refused: if the body is none.
    """
    said = fields.read_object(body)
    secret = fields.as_text(fields.need(said, "session"), "session")
    return secret, read_commands(said.get("commands", []))
