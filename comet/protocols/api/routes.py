"""
The operations of the HTTP API, each declared once.

By this table requests are dispatched and read, and of it the OpenAPI document and the page of the reference
are made. Nothing here knows a request of Twisted.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from comet.cometql.tables.conferences import Conference, ConferenceMembers
from comet.cometql.tables.pipes import Pipes, PipesMessages, PipesSettings, UsersInPipes
from comet.cometql.tables.records import RevokedTokens
from comet.cometql.tables.users import UsersAuth, UsersMessages, UsersTime
from comet.model import read_cursor
from comet.protocols.api import problems
from comet.protocols.api.operations import Call, Operations
from comet.protocols.api.parameters import IDS, IN_PATH, Parameter, number
from comet.protocols.api.rows import MANY, Form, Schema, row_schema

#: Where the API is.
PREFIX = "/comet/api"
#: The document of what there is; anybody may read it.
DOCUMENT = "/openapi.json"
#: The most members, or messages, in one answer.
LIST_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class Operation:
    """
    Something that may be asked for.

    @ivar path: behind L{PREFIX}, with the names of its parameters in braces.
    @ivar name: unique, for programs that are made of the document.
    @ivar summary: a sentence.
    @ivar users: whether users may ask, with their tokens.
    @ivar form: the objects of the body, C{None} if there is no body.
    @ivar many: whether the body may have several.
    @ivar sql: the statement that does the same.
    """

    method: str
    path: str
    name: str
    summary: str
    run: Callable[[Operations, Call], Awaitable[Any]]
    answer: Schema
    sql: str
    users: bool = False
    query: Sequence[Parameter] = ()
    form: Form | None = None
    many: bool = False
    parts: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """The path, cut up once."""
        object.__setattr__(self, "parts", tuple(self.path.split("/")[1:]))

    @property
    def in_path(self) -> list[Parameter]:
        """The parameters in the path."""
        return [IN_PATH[part[1:-1]] for part in self.parts if part.startswith("{")]

    @property
    def writes(self) -> bool:
        """Whether it changes anything."""
        return self.method != "GET"


def _object(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties)}


_ACCEPTED = _object(accepted={"type": "integer", "description": "how many were accepted"})
_REMOVED = _object(removed={"type": "integer", "description": "how many were removed"})
_USER = row_schema(UsersTime, online={"type": "boolean", "description": "whether the user is here now"})
_CURSOR: Schema = {
    "type": ["string", "null"],
    "description": "epoch:position, to go on from; null without a history",
}
_CHANNEL = row_schema(
    Pipes,
    length={"type": "integer", "description": "how many messages the channel keeps"},
    cursor=_CURSOR,
)
_LIMIT = number("limit", "the most to answer with", 1, LIST_LIMIT, 1000)
_SINCE = Parameter(
    "since",
    "a cursor: answer with what came after it, oldest first; without, with the newest",
    read_cursor,
    {"type": "string", "pattern": "^[A-Za-z0-9]{1,64}:[0-9]{1,18}$"},
)

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        *("POST", "/publish", "publish", "Send messages to channels, all of them or none"),
        *(Operations.publish, _ACCEPTED, "INSERT INTO pipes_messages"),
        users=True,
        form=Form(PipesMessages),
        many=True,
    ),
    Operation(
        *("POST", "/private", "sendPrivate", "Send messages to users, all of them or none"),
        *(Operations.send_private, _ACCEPTED, "INSERT INTO users_messages"),
        form=Form(UsersMessages),
        many=True,
    ),
    Operation(
        *("GET", "/users", "getUsers", "When users were here last"),
        *(Operations.users, _object(users={"type": "array", "items": _USER}), "SELECT FROM users_time"),
        query=(IDS,),
    ),
    Operation(
        *("GET", "/users/{id}", "getUser", "When a user was here last"),
        *(Operations.user, _USER, "SELECT FROM users_time"),
    ),
    Operation(
        *("DELETE", "/users/{id}/connections", "disconnectUser", "Close all connections of a user"),
        *(Operations.disconnect, _REMOVED, "KILL"),
    ),
    Operation(
        *("PUT", "/users/{id}/key", "setKey", "Give a user a key to sign in with"),
        *(Operations.set_key, _ACCEPTED, "INSERT INTO users_auth"),
        form=Form(UsersAuth, fixed=("id",)),
    ),
    Operation(
        *("DELETE", "/users/{id}/key", "removeKey", "Take the key of a user, and close the connections"),
        *(Operations.remove_key, _REMOVED, "DELETE FROM users_auth"),
    ),
    Operation(
        *("POST", "/revoked_tokens", "revokeToken", "Let nobody in with a token any more"),
        *(Operations.revoke, _ACCEPTED, "INSERT INTO revoked_tokens"),
        form=Form(RevokedTokens),
    ),
    Operation(
        *("GET", "/channels/{name}", "getChannel", "How many listen to a channel, and what it keeps"),
        *(Operations.channel, _CHANNEL, "SELECT FROM pipes"),
        users=True,
    ),
    Operation(
        *("PUT", "/channels/{name}", "setChannel", "Set how many messages a channel keeps"),
        *(Operations.set_channel, _CHANNEL, "INSERT INTO pipes_settings"),
        form=Form(PipesSettings, fixed=("name",)),
    ),
    Operation(
        *("DELETE", "/channels/{name}", "removeChannel", "Keep nothing more, and forget the history"),
        *(Operations.remove_channel, _REMOVED, "DELETE FROM pipes_settings"),
    ),
    Operation(
        *("GET", "/channels/{name}/members", "getMembers", "Who listens to a channel, the newest first"),
        Operations.members,
        _object(
            members={"type": "array", "items": row_schema(UsersInPipes)},
            total={"type": "integer", "description": "how many there are, shown or not"},
        ),
        "SELECT FROM users_in_pipes",
        users=True,
        query=(_LIMIT,),
    ),
    Operation(
        *("GET", "/channels/{name}/history", "getHistory", "What a channel has kept, oldest first"),
        Operations.history,
        _object(
            **{MANY: {"type": "array", "items": row_schema(PipesMessages, cursor=_CURSOR)}},
            cursor=_CURSOR,
            gap={"type": "boolean", "description": "whether some of what came since is lost"},
        ),
        "SELECT FROM pipes_messages",
        users=True,
        query=(_LIMIT, _SINCE),
    ),
    Operation(
        *("DELETE", "/channels/{name}/history", "removeHistory", "Forget what a channel has kept"),
        *(Operations.remove_history, _REMOVED, "DELETE FROM pipes_messages"),
    ),
    Operation(
        *("POST", "/rooms/{room}/rings", "ringUser", "Ring a user into a room"),
        *(Operations.ring, _ACCEPTED, "INSERT INTO conference"),
        form=Form(Conference, fixed=("name",)),
    ),
    Operation(
        *("GET", "/rooms/{room}/members", "getRoomMembers", "Who is in a room or a call, the oldest first"),
        Operations.participants,
        _object(
            members={"type": "array", "items": row_schema(ConferenceMembers)},
            total={"type": "integer", "description": "how many there are, shown or not"},
        ),
        "SELECT FROM conference_members",
        users=True,
        query=(_LIMIT,),
    ),
    Operation(
        *("DELETE", "/rooms/{room}/members/{id}", "removeRoomMember", "Take a user out of a room or a call"),
        *(Operations.take_out, _REMOVED, "DELETE FROM conference"),
    ),
)


#: A path cut up, and what each method does there.
Methods = Mapping[str, Operation]


def _by_path() -> dict[tuple[str, ...], dict[str, Operation]]:
    found: dict[tuple[str, ...], dict[str, Operation]] = {}
    for operation in OPERATIONS:
        found.setdefault(operation.parts, {})[operation.method] = operation
    return found


PATHS: Mapping[tuple[str, ...], Methods] = _by_path()


def find_path(parts: Sequence[str]) -> tuple[Methods, dict[str, str]]:
    """
    @param parts: a path behind L{PREFIX}, cut up.
    @return: what each method does there, and the texts of its parameters.
    @raise comet.protocols.api.problems.Problem: if there is no such path.
    """
    for declared, methods in PATHS.items():
        if len(declared) == len(parts):
            pairs = list(zip(declared, parts, strict=True))
            if all(mark == part or (mark.startswith("{") and part) for mark, part in pairs):
                return methods, {mark[1:-1]: part for mark, part in pairs if mark.startswith("{")}
    raise problems.unknown_path("/".join((PREFIX, *parts)))


def allowed(methods: Methods) -> str:
    """@return: what can be asked for, besides OPTIONS."""
    return ", ".join([*methods, *(["HEAD"] if "GET" in methods else [])])
