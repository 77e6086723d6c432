"""
How the video API of CppComet's clients is called: by the private message C{sys_sipCall}.

These clients are told where a FreeSWITCH is, which carries their media, and the name of a channel in which
they find each other; what they say there is theirs alone. The channel is one of those named C{web_}, into
which browsers may write. Whoever knows its name can: that only the members of a conference do is due to the
secret that is part of it.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from base64 import b64encode
from collections.abc import Callable, Sequence

from comet.kinds import SipServer
from comet.model import Channel, PrivateMessage, User
from comet.sections import Sip
from comet.storage.records import Invitation

#: The event of the private message.
EVENT = "sys_sipCall"
#: What is taken for the server in the name of a channel where none is configured: what CppComet takes for one
#: without a name. Our own address will not do, for it differs from node to node.
_UNNAMED = SipServer()
#: CppComet replaces all that is not between these two in ASCII, which leaves six signs.
_REPLACED = re.compile(r"[^A-z]")

_write = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


def salt_of(password: str) -> str:
    """@return: a secret for the names of channels that is the same wherever C{password} is."""
    return hashlib.blake2b(password.encode(), digest_size=16, person=b"comet pipesalt").hexdigest()


def number(conference: Channel, profile: str) -> str:
    """@return: what clients call at the FreeSWITCH."""
    return f"{conference.dev_id}*{conference.name}*{profile}"


def call_pipe(number: str, host: str, port: int, dev_id: int, salt: str) -> str:
    """@return: the name of the channel in which those find each other who call C{number}."""
    known = f"{number:>64}_{host:>64}_{port}_{dev_id}_{salt:>32}"
    digest = b64encode(hashlib.sha1(known.encode(), usedforsecurity=False).digest()).decode()
    return _REPLACED.sub("A", f"web_syscall_v1_{digest}")


class SipCalls:
    """
    Makes the message.

    @ivar address: where this server is for pages; they are told of it if there is no FreeSWITCH.
    """

    def __init__(
        self,
        settings: Sip,
        password: str = "",
        key: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        """
        @param password: what the secret is made of if none is set.
        @param key: makes what no other call has.
        """
        self._servers, self._key = settings.freeswitch, key
        self._salt = settings.pipesalt or salt_of(password)
        self.address = SipServer("127.0.0.1", 8087)

    def _server(self, conference: Channel) -> SipServer | None:
        """@return: the FreeSWITCH that has a conference, the same for all that are in it."""
        return choose(self._servers, conference)

    def node(self, conference: Channel) -> str:
        """@return: what the table C{conference} says of where it is, empty for nowhere."""
        server = self._server(conference)
        return "" if server is None else f"{server.host}:{server.port}"

    def message(self, invitation: Invitation, now: int) -> PrivateMessage:
        """@return: what the clients of the user are told, who do not want it once it has expired."""
        conference, user_id, caller_id, message, profile, stream, expires = invitation
        found = self._server(conference)
        known, told = found or _UNNAMED, found or self.address
        called, host = number(conference, profile), known.page_host or known.host
        facts = {
            "callKey": self._key(),
            "callPipe": call_pipe(called, host, known.port, conference.dev_id, self._salt),
            "caller_id": caller_id,
            "conference": "true",
            "conference_name": conference.name,
            "mode": profile,
            "serverName": told.page_host or told.host,
            "serverPort": told.port,
            "sipNumber": called,
            "stream": stream,
        }
        user, text = User(conference.dev_id, user_id), _write({"message": message, "sys": facts})
        return PrivateMessage(user, EVENT, text, now, expires=expires, is_object=True)


def choose(servers: Sequence[SipServer], conference: Channel) -> SipServer | None:
    """@return: one of C{servers}, always the same for a conference; C{None} if there are none."""
    total = conference.dev_id * 1_000_000
    total += sum(byte * 10 * place for place, byte in enumerate(conference.name.encode()))
    return servers[total % len(servers)] if servers else None
