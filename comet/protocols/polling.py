"""What a request of a long-poll says: pure reading of its body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from comet.model import Command, Follow, Hello
from comet.protocols.dialects import fields
from comet.protocols.dialects.jsonlines import read_commands, read_hello, wanted

#: For how many seconds a client may have us wait, and for how many if it does not say.
WAIT_LIMIT, WAIT_DEFAULT = 55, 25
#: The secret of a session has no more characters.
SECRET_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Poll:
    """
    One request.

    @ivar hello: who it is, for a server that does not know the session.
    @ivar session: the secret of the session, empty if there is none yet.
    @ivar batch: the number of the last answer that has arrived.
    @ivar wait: for how many seconds to wait for something to say.
    """

    hello: Hello | None
    channels: Follow | None
    session: str
    batch: int
    commands: tuple[Command, ...]
    wait: int


def read_poll(body: bytes) -> Poll:
    """
    @return: what C{body} says; commands that cannot be read are among the commands.
    @raise comet.errors.Refused: if it cannot be read as a whole.
    """
    said = fields.read_object(body)
    channels = said.get("channels")
    return Poll(
        hello=_hello(said),
        channels=None if channels is None else Follow(wanted(channels), only=True),
        session=fields.text(said, "session", SECRET_LIMIT),
        batch=fields.number(said, "batch", 0, 2**53, 0),
        commands=tuple(read_commands(said.get("commands") or [])),
        wait=fields.number(said, "wait", 0, WAIT_LIMIT, WAIT_DEFAULT),
    )


def _hello(said: Mapping[str, object]) -> Hello | None:
    return None if said.get("hello") is None else read_hello(fields.as_object(said["hello"], "hello"))
