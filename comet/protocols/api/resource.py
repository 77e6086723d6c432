"""The HTTP API on the browser port: from a request of Twisted to an operation, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.http import Request as AnyRequest
from twisted.web.http import parse_qs
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from comet.broker import Broker
from comet.errors import CometError, ShuttingDown
from comet.protocols.answers import Exchange, address_of, header_of
from comet.protocols.api import problems
from comet.protocols.api.bodies import read_body, write_body
from comet.protocols.api.callers import Doorkeeper
from comet.protocols.api.openapi import document
from comet.protocols.api.operations import Call, Operations
from comet.protocols.api.parameters import (
    TENANT,
    TENANT_HEADER,
    read_path,
    read_query,
    read_tenant,
    read_text,
)
from comet.protocols.api.problems import Problem
from comet.protocols.api.routes import DOCUMENT, Methods, Operation, allowed, find_path
from comet.protocols.cors import METHODS, Shared
from comet.protocols.reception import Reception

#: What can be done with the document.
DOCUMENT_METHODS = ("GET", "HEAD")


class Api(Resource):
    """
    Everything below C{/comet/api}, for L{shared_api} to show to the pages that may ask.

    @ivar doorkeeper: tells who asks, and counts the wrong keys of each address.
    """

    isLeaf = True
    _log = Logger()

    def __init__(
        self,
        broker: Broker,
        seconds: Callable[[], float],
        dev_index_size: int = 100_000,
        reasons: Callable[[], list[str]] = list,
    ) -> None:
        """
        @param seconds: a clock.
        @param dev_index_size: tenants have the numbers below this one.
        @param reasons: gives the reasons why the server is not ready, none if it is.
        """
        super().__init__()
        self._operations = Operations(broker)
        self.doorkeeper = Doorkeeper(broker.accounts, broker.limits.api_failures, seconds)
        self._tenants, self._reasons = dev_index_size, reasons
        self._document = write_body(document(broker.limits, dev_index_size))

    def render(self, request: Request) -> int:
        """Answer, now or later."""
        exchange = Exchange(request)
        try:
            self._begin(request, exchange)
        except Problem as problem:
            exchange.refuse(problem)
        return NOT_DONE_YET

    def _begin(self, request: Request, exchange: Exchange) -> None:
        """
        Find out what is asked for, and let it be done.

        @raise Problem: if there is no such thing.
        """
        parts = [read_text(part) for part in request.postpath or ()]
        method = request.method.decode("latin-1")
        allow, methods, path = _find(parts)
        if not methods and method in DOCUMENT_METHODS:
            exchange.answer(self._document)
            return
        operation = methods.get("GET" if method == "HEAD" else method)
        if operation is None:
            raise problems.wrong_method(method, f"{allow}, OPTIONS")
        if reasons := self._reasons():
            raise Problem.of(ShuttingDown("; ".join(reasons)))
        work = Deferred.fromCoroutine(self._serve(request, exchange, operation, path))
        if not operation.writes:
            # A write that has begun is carried out as a whole, whether somebody waits for the answer or not.
            exchange.lost = lambda _: work.cancel()
        work.addErrback(self._give_up, exchange)

    async def _serve(
        self, request: Request, exchange: Exchange, operation: Operation, path: dict[str, str]
    ) -> None:
        try:
            content = await self._carry_out(request, operation, path)
        except Problem as problem:
            exchange.refuse(problem)
        except CometError as error:
            exchange.refuse(Problem.of(error))
        else:
            exchange.answer(write_body(content))

    async def _carry_out(self, request: Request, operation: Operation, path: dict[str, str]) -> Any:
        """
        @return: the answer.
        @raise Problem, CometError: if it is refused.
        """
        assert request.content is not None and request.args is not None
        # Now: with the connection the body is gone, too.
        raw = request.content.read()
        query = _decoded(request.args)
        # The tenant comes first: without it nobody can tell whether the key is right.
        caller = await self.doorkeeper.identify(*self._presented(request, query), address_of(request))
        if not operation.users:
            caller.check_backend()
        given = read_path(path) | read_query(query, operation.query)
        body = None
        if operation.form is not None:
            body = read_body(raw, header_of(request, "Content-Type"), header_of(request, "Content-Encoding"))
        return await operation.run(self._operations, Call(caller, given, operation.form, body))

    def judge(self, request: Request, query: bytes, address: str) -> Problem | None:
        """@return: why a request is refused, whatever its body has; C{None} if it may not be."""
        try:
            presented = self._presented(request, _decoded(parse_qs(query, keep_blank_values=True)))
            self.doorkeeper.admit(*presented, address)
        except Problem as problem:
            return problem
        return None

    def _presented(self, request: Request, query: dict[str, list[str]]) -> tuple[int, str | None]:
        """
        @param query: the parameter of the tenant is taken out of it.
        @return: the tenant that is meant, and the header with the key.
        @raise Problem: if there is no such tenant.
        """
        said = read_query({TENANT.name: query.pop(TENANT.name, [])}, [TENANT])[TENANT.name]
        tenant = read_tenant(said, header_of(request, TENANT_HEADER), self._tenants)
        return tenant, header_of(request, "Authorization")

    def _give_up(self, failure: Failure, exchange: Exchange) -> None:
        """Something that should not have happened, unless the client has gone away."""
        if not (exchange.gone and failure.check(CancelledError)):
            self._log.failure("a request of the HTTP API has failed", failure)
            exchange.refuse(problems.failure())


def _decoded(query: Mapping[bytes, list[bytes]]) -> dict[str, list[str]]:
    return {read_text(name): [read_text(text) for text in texts] for name, texts in query.items()}


def _find(parts: list[str]) -> tuple[str, Methods, dict[str, str]]:
    """
    @return: the methods at a path; what each does, nothing for the document; the parameters in the path.
    @raise Problem: if there is no such path.
    """
    if parts == [DOCUMENT[1:]]:
        return ", ".join(DOCUMENT_METHODS), {}, {}
    methods, path = find_path(parts)
    return allowed(methods), methods, path


# Pages of other sites -------------------------------------------------------------------------------------


def shared_api(api: Api, reception: Reception) -> Shared:
    """@return: the API for the pages of those origins that may connect."""
    return Shared(api, reception, _tenant_of, _methods_of)


def _tenant_of(request: AnyRequest) -> int | None:
    """@return: the tenant that a request is about, as far as it can be told before it is read."""
    given = [text.decode("latin-1") for text in (request.args or {}).get(TENANT.name.encode(), ())]
    said = given[0] if given else header_of(request, TENANT_HEADER) or ""
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 11 else None


def _methods_of(request: AnyRequest) -> str:
    """@return: the methods at the path of a request."""
    assert isinstance(request, Request)
    try:
        return _find([read_text(part) for part in request.postpath or ()])[0]
    except Problem:
        return METHODS
