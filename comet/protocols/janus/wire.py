"""
The JSON API of Janus: its texts, and what they mean.

Each request has a transaction. Janus answers it with C{success} or C{error}; or first with C{ack}, that it
has taken it, and later with an C{event} of the plug-in. The two come from two threads, and in any order. To
C{keepalive} and C{trickle} the C{ack} is the whole answer. What has no transaction has happened by itself.

See U{https://janus.conf.meetecho.com/docs/rest.html}.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from comet.model import Json

#: What the WebSocket is opened for.
SUBPROTOCOL = "janus-protocol"
#: The requests that nothing but an C{ack} answers.
ACKNOWLEDGED = frozenset(("keepalive", "trickle"))

Object: TypeAlias = Mapping[str, Json]
NOTHING: Object = {}


class JanusError(Exception):
    """
    Janus, or its plug-in, does not do what it was asked.

    @ivar code: its number for that.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class JanusAway(Exception):
    """There is no connection to Janus, or it went before the answer came; C{str(error)} tells why."""


class NotJanus(Exception):
    """What answers there is no Janus."""


@dataclass(frozen=True, slots=True)
class Answer:
    """
    What Janus answers.

    @ivar data: the answer itself.
    @ivar description: the SDP description that goes with it, as C{type} and C{sdp}.
    """

    data: Object = field(default_factory=dict)
    description: Object | None = None


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Janus has taken a request."""

    transaction: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to a request."""

    transaction: str
    outcome: Answer | JanusError


@dataclass(frozen=True, slots=True)
class Happened:
    """
    Something has happened to a handle.

    @ivar word: what Janus calls it: C{event}, C{hangup}, C{detached}, C{webrtcup}, C{trickle} ...
    @ivar data: of an C{event}, what the plug-in says; else the whole.
    @ivar description: see L{Answer}.
    """

    handle: int
    word: str
    data: Object = field(default_factory=dict)
    description: Object | None = None


@dataclass(frozen=True, slots=True)
class SessionOver:
    """Janus has ended our session, with all its handles."""


Arrival: TypeAlias = Acknowledged | Answered | Happened | SessionOver


def write(request: Object) -> str:
    """@return: the text of a request."""
    return json.dumps(request, ensure_ascii=False, separators=(",", ":"))


def read(text: str) -> Arrival | None:
    """
    @return: what a text of Janus means; C{None} for what concerns nobody.
    @raise NotJanus: if it has none.
    """
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        raise NotJanus("it sends what is no JSON") from None
    if not isinstance(told, dict) or not isinstance(word := told.get("janus"), str):
        raise NotJanus("it sends what is no message of Janus")
    if word == "timeout":
        return SessionOver()
    transaction = told.get("transaction")
    if isinstance(transaction, str):
        if word == "ack":
            return Acknowledged(transaction)
        return Answered(transaction, _outcome(told, word))
    handle = told.get("sender")
    if not isinstance(handle, int):
        return None
    data = _plugin_data(told) if word == "event" else told
    return Happened(handle, word, data, _object(told, "jsep") or None)


def _outcome(told: Object, word: str) -> Answer | JanusError:
    """The answer of Janus itself, or of the plug-in within."""
    if word == "error":
        error = _object(told, "error")
        return _error(error.get("code"), error.get("reason"))
    if "plugindata" not in told:
        return Answer(told if word == "server_info" else _object(told, "data"))
    data = _plugin_data(told)
    if "error_code" in data:
        return _error(data["error_code"], data.get("error"))
    return Answer(data, _object(told, "jsep") or None)


def _plugin_data(told: Object) -> Object:
    return _object(_object(told, "plugindata"), "data")


def _error(code: Json, reason: Json) -> JanusError:
    return JanusError(code if isinstance(code, int) else 0, str(reason or "it does not say why"))


def _object(of: Object, key: str) -> Object:
    value = of.get(key)
    return value if isinstance(value, dict) else NOTHING
