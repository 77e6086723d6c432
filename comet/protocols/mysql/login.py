"""
How a client and the server agree on a way to prove the password.

U{https://dev.mysql.com/doc/dev/mysql-server/latest/page_caching_sha2_authentication_exchanges.html}
"""

from __future__ import annotations

from collections.abc import Callable

from comet.protocols.mysql.auth import (
    CACHING_SHA2,
    CLEAR,
    HEALTH_CHECK,
    NATIVE,
    PLUGINS,
    Plugin,
    Proof,
    make_salt,
)
from comet.protocols.mysql.charsets import of_collation
from comet.protocols.mysql.constants import Capability
from comet.protocols.mysql.events import (
    HealthCheckReceived,
    KeyNeeded,
    LoginReceived,
    PasswordNeeded,
    SwitchNeeded,
)
from comet.protocols.mysql.handshake import HandshakeResponse
from comet.protocols.mysql.loginkey import LoginKey

#: What a client sends that wants our public key.
KEY_PLEASE = b"\x02"


class LoginExchange:
    """
    The proof is asked for up to two times: in the greeting, with our plugin, and if that did not suit the
    client once more, with its own. A client that names none of ours, or gives nothing of the right length,
    gets a second chance; one that cannot be asked again has to do with what it sent.

    With C{caching_sha2_password} the password itself may be asked for on top of that: it comes in the clear
    within TLS, and under our public key without.

    @ivar secure: whether nobody listens in, as there is TLS.
    @ivar success: what stands between a right proof and the OK.
    """

    def __init__(self, plugin: Plugin, random: Callable[[int], bytes], full: bool, key: LoginKey) -> None:
        """
        @param plugin: the one to greet with.
        @param random: gives that many random bytes.
        @param full: whether a proof with C{caching_sha2_password} never is enough.
        @param key: what passwords come under without TLS.
        """
        self.plugin = plugin
        self.salt = make_salt(random)
        self.secure = False
        self.success = b""
        self._random = random
        self._full = full
        self._key = key
        self._user = ""
        self._database = ""
        self._charset = ""

    def respond(
        self, response: HandshakeResponse
    ) -> LoginReceived | HealthCheckReceived | SwitchNeeded | PasswordNeeded:
        """@return: what the first answer of the client means."""
        self._identify(response)
        switches = bool(response.capabilities & Capability.PLUGIN_AUTH)
        proof = Proof(self.plugin if switches else NATIVE, self.salt, response.response)
        if proof.is_empty and response.user.startswith(HEALTH_CHECK):
            return HealthCheckReceived(response.user)
        if not switches or (response.plugin == self.plugin.name and proof.is_complete):
            return self._weigh(proof)
        self.salt = make_salt(self._random)
        return self._switch(response.plugin)

    def change(self, response: HandshakeResponse) -> LoginReceived | SwitchNeeded | PasswordNeeded:
        """
        @return: what it means that a client wants to be somebody else. It is asked for a proof once more, if
            it can be asked.
        """
        self._identify(response)
        # The salt stays, as there are clients that go by the one that they know, whatever they are sent.
        if response.capabilities & Capability.PLUGIN_AUTH:
            return self._switch(response.plugin)
        return self._weigh(Proof(NATIVE, self.salt, response.response))

    def _identify(self, response: HandshakeResponse) -> None:
        self._user, self._database = response.user, response.database
        self._charset = of_collation(response.collation)

    def _switch(self, plugin: str) -> SwitchNeeded:
        possible = {**PLUGINS, CLEAR.name: CLEAR} if self.secure else PLUGINS
        self.plugin = possible.get(plugin, NATIVE)
        return SwitchNeeded(self.plugin.name, self.salt)

    def prove(self, response: bytes) -> LoginReceived | PasswordNeeded:
        """@return: what the answer to the request to switch means."""
        return self._weigh(Proof(self.plugin, self.salt, response))

    def _weigh(self, proof: Proof) -> LoginReceived | PasswordNeeded:
        if proof.plugin is CACHING_SHA2 and not proof.is_empty and (self._full or not proof.is_complete):
            return PasswordNeeded()
        return self._login(proof, proof.plugin.success)

    def password(self, payload: bytes) -> LoginReceived | KeyNeeded:
        """@return: what the answer to the request for the password means."""
        if not self.secure:
            if payload == KEY_PLEASE:
                return KeyNeeded()
            payload = self._key.reveal(payload, self.salt)
        return self._login(Proof(CLEAR, self.salt, payload))

    def _login(self, proof: Proof, success: bytes = b"") -> LoginReceived:
        self.success = success
        return LoginReceived(self._user, self._database, proof, self._charset)
