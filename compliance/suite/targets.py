"""
How a text is sent through a server to a listener: what a target has to say beside the frames.

The server does not echo. So the text of a case is published in a channel, and a second client has to hear it.
"""

from __future__ import annotations

import json
from typing import Protocol

from suite.vocabulary import UNSUPPORTED, Case, Outcome, Said
from suite.wire import BINARY

CHANNEL = "web_compliance"
#: What the answer to the last question of a connection has in it.
MARK = "answered"


class Target(Protocol):
    """
    A path of the server, with its dialect.

    @ivar title: for the page.
    @ivar strict: whether the code of a Close frame counts; if not, there must be none.
    @ivar deflate: whether the server compresses, and clients offer that.
    """

    name: str
    title: str
    path: str
    strict: bool
    deflate: bool

    def command(self) -> tuple[bytes, bytes]:
        """@return: what stands before the text, and behind it, in a message that publishes it."""

    def text(self, piece: bytes) -> bytes:
        """@return: a piece of the text as it stands in there."""

    def greetings(self) -> tuple[bytes, ...]:
        """@return: what a client says first."""

    def listen(self) -> bytes:
        """@return: what subscribes a client."""

    def question(self) -> bytes:
        """@return: something to ask; L{MARK} is in the answer."""

    def heard(self, payload: bytes) -> bytes | None:
        """@return: the text that a frame delivers to the listener, if it does."""

    def answered(self, payload: bytes) -> bool:
        """@return: whether this is the answer to the question."""

    def agreed(self, case: Case) -> tuple[Outcome, str]:
        """@return: the outcome that is documented, and, if it is not the usual, the note that tells why."""


def _refusing_binary(case: Case, deflate: bool) -> tuple[Outcome, str]:
    if any(isinstance(step, Said) and step.opcode == BINARY for step in case.steps):
        return Outcome(0, (), (UNSUPPORTED,)), "binary"
    return case.expected(deflate), ""


class LineTarget:
    """C{/ws/}, the line protocol of CppComet 4.x, which never sends a Close frame."""

    name, title, strict, deflate = "line", "Line protocol", False, False
    path = "/ws/sesion=&myid=0&devid=0&v=4.08&uuid=&api=js"

    def command(self):
        """See L{Target.command}."""
        return f"web_pipe2\n{CHANNEL}\n\n*\n".encode(), b""

    def text(self, piece):
        """See L{Target.text}."""
        return piece

    def greetings(self):
        """See L{Target.greetings}."""
        return ()

    def listen(self):
        """See L{Target.listen}."""
        return f"subscription\n{CHANNEL}".encode()

    def question(self):
        """See L{Target.question}."""
        return f"pipe_count\n{CHANNEL}\n{MARK}".encode()

    def heard(self, payload):
        """See L{Target.heard}."""
        frame = json.loads(payload)
        return frame["data"].encode() if frame["pipe"] == CHANNEL else None

    def answered(self, payload):
        """See L{Target.answered}."""
        return json.loads(payload).get("marker") == MARK

    def agreed(self, case):
        """See L{Target.agreed}."""
        return _refusing_binary(case, self.deflate)


class JsonTarget:
    """C{/comet/ws}, our own protocol, which ends with the codes of RFC 6455."""

    name, title, strict, deflate = "json", "JSON protocol", True, False
    path = "/comet/ws"

    def command(self):
        """See L{Target.command}."""
        return b'{"cmd":"publish","channel":"%s","data":"' % CHANNEL.encode(), b'"}'

    def text(self, piece):
        """See L{Target.text}."""
        return json.dumps(piece.decode("utf-8", "surrogateescape"), ensure_ascii=False)[1:-1].encode(
            "utf-8", "surrogateescape"
        )

    def greetings(self):
        """See L{Target.greetings}."""
        return (b'{"cmd":"hello","version":1}',)

    def listen(self):
        """See L{Target.listen}."""
        return json.dumps({"cmd": "subscribe", "channel": CHANNEL}).encode()

    def question(self):
        """See L{Target.question}."""
        return json.dumps({"cmd": "ping", "id": MARK}).encode()

    def heard(self, payload):
        """See L{Target.heard}."""
        frame = json.loads(payload)
        return frame["data"].encode() if frame["type"] == "message" else None

    def answered(self, payload):
        """See L{Target.answered}."""
        return json.loads(payload).get("id") == MARK

    def agreed(self, case):
        """See L{Target.agreed}."""
        return _refusing_binary(case, self.deflate)


class DeflatedLine(LineTarget):
    """The same with compression."""

    name, title, deflate = "line-deflate", "Line, compressed", True


class DeflatedJson(JsonTarget):
    """The same with compression."""

    name, title, deflate = "json-deflate", "JSON, compressed", True


TARGETS: dict[str, Target] = {
    target.name: target for target in (LineTarget(), JsonTarget(), DeflatedLine(), DeflatedJson())
}
