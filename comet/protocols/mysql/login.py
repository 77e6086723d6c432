"""How a client and the server agree on a way to prove the password."""

from __future__ import annotations

from collections.abc import Callable

from comet.protocols.mysql.auth import HEALTH_CHECK, NATIVE, PLUGINS, Plugin, Proof, make_salt
from comet.protocols.mysql.charsets import of_collation
from comet.protocols.mysql.constants import Capability
from comet.protocols.mysql.events import HealthCheckReceived, LoginReceived, SwitchNeeded
from comet.protocols.mysql.handshake import HandshakeResponse


class LoginExchange:
    """
    The proof is asked for up to two times: in the greeting, with our plugin, and if that did not suit the
    client once more, with its own. A client that names none of ours, or gives nothing of the right length,
    gets a second chance; one that cannot be asked again has to do with what it sent.
    """

    def __init__(self, plugin: Plugin, random: Callable[[int], bytes]) -> None:
        """
        @param plugin: the one to greet with.
        @param random: gives that many random bytes.
        """
        self.plugin = plugin
        self.salt = make_salt(random)
        self._random = random
        self._user = ""
        self._database = ""
        self._charset = ""

    def respond(self, response: HandshakeResponse) -> LoginReceived | HealthCheckReceived | SwitchNeeded:
        """@return: what the first answer of the client means."""
        self._identify(response)
        switches = bool(response.capabilities & Capability.PLUGIN_AUTH)
        proof = Proof(self.plugin if switches else NATIVE, self.salt, response.response)
        if proof.is_empty and response.user.startswith(HEALTH_CHECK):
            return HealthCheckReceived(response.user)
        if not switches or (response.plugin == self.plugin.name and proof.is_complete):
            return self._login(proof)
        self.salt = make_salt(self._random)
        return self._switch(response.plugin)

    def change(self, response: HandshakeResponse) -> LoginReceived | SwitchNeeded:
        """
        @return: what it means that a client wants to be somebody else. It is asked for a proof once more, if
            it can be asked.
        """
        self._identify(response)
        # The salt stays, as there are clients that go by the one that they know, whatever they are sent.
        if response.capabilities & Capability.PLUGIN_AUTH:
            return self._switch(response.plugin)
        return self._login(Proof(NATIVE, self.salt, response.response))

    def _identify(self, response: HandshakeResponse) -> None:
        self._user, self._database = response.user, response.database
        self._charset = of_collation(response.collation)

    def _switch(self, plugin: str) -> SwitchNeeded:
        self.plugin = PLUGINS.get(plugin, NATIVE)
        return SwitchNeeded(self.plugin.name, self.salt)

    def prove(self, response: bytes) -> LoginReceived:
        """@return: what the answer to the request to switch means."""
        return self._login(Proof(self.plugin, self.salt, response))

    def _login(self, proof: Proof) -> LoginReceived:
        self.plugin = proof.plugin
        return LoginReceived(self._user, self._database, proof, self._charset)
