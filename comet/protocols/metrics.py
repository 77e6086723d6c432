"""The path C{/metrics}: for who collects the numbers of the server, and for nobody else."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Awaitable, Callable, Collection
from http import HTTPStatus

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.http import Request
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from comet import addresses
from comet.metrics import CONTENT_TYPE
from comet.protocols.answers import address_of, answer_bytes, is_passed_on
from comet.protocols.query import read_bearer

_REFUSED = b"not from here: [metrics] networks says from where, [metrics] token with which token\n"


class Reader:
    """Who may read the metrics: certain networks, and whoever has the token."""

    def __init__(self, networks: Collection[str], token: str) -> None:
        """@param token: empty for none."""
        self._networks = tuple(map(ipaddress.ip_network, networks))
        self._token = token

    def admits(self, address: str, is_hidden: bool, bearer: str) -> bool:
        """
        @param address: where the request comes from.
        @param is_hidden: whether a proxy has brought it whose word is not taken for whom it asks.
        @param bearer: the token that came with it, empty for none.
        @return: whether it is answered.
        """
        if self._token and hmac.compare_digest(bearer.encode(), self._token.encode()):
            return True
        found = addresses.parse(address)
        if is_hidden or found is None:
            return False
        return any(found.version == network.version and found in network for network in self._networks)


class MetricsPage(Resource):
    """The metrics, as text."""

    isLeaf = True
    _log = Logger()

    def __init__(
        self, reader: Reader, text: Callable[[], Awaitable[str]], trusts: Callable[[str], bool]
    ) -> None:
        """
        @param text: gives them.
        @param trusts: whether an address is that of a proxy of ours.
        """
        super().__init__()
        self._reader, self._text, self._trusts = reader, text, trusts

    def render_GET(self, request: Request) -> int:
        """The metrics; 403 with what to change for who may not read them."""
        assert request.transport is not None  # it is being answered
        peer = str(getattr(request.transport.getPeer(), "host", "unix"))
        # Without our trust in it, a proxy hides who asks.
        hidden = is_passed_on(request) and not self._trusts(peer)
        bearer = read_bearer(request.getHeader("authorization"))
        if not self._reader.admits(address_of(request), hidden, bearer):
            answer_bytes(request, _REFUSED, HTTPStatus.FORBIDDEN, "text/plain; charset=utf-8")
            return NOT_DONE_YET
        done = Deferred.fromCoroutine(self._answer(request))
        done.addErrback(lambda failure: self._fail(request, failure))
        request.notifyFinish().addErrback(lambda _: done.cancel())
        return NOT_DONE_YET

    async def _answer(self, request: Request) -> None:
        answer_bytes(request, (await self._text()).encode(), content_type=CONTENT_TYPE)

    def _fail(self, request: Request, failure: Failure) -> None:
        if not request._disconnected:
            self._log.failure("the metrics could not be told", failure)
            request.setResponseCode(HTTPStatus.INTERNAL_SERVER_ERROR)
            request.finish()
