"""The HTTP API on the browser port: from a request of Twisted to an operation, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from comet.broker import Broker
from comet.errors import CometError, ShuttingDown
from comet.protocols.api import problems
from comet.protocols.api.bodies import JSON, read_body, write_body
from comet.protocols.api.callers import Caller, Doorkeeper
from comet.protocols.api.failures import Failures
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
from comet.protocols.api.routes import DOCUMENT, Operation, allowed, find_path


class Api(Resource):
    """
    Everything below C{/comet/api}.

    @ivar share: is given each request before it is answered; it may tell pages of other origins that they
        may read the answer.
    @ivar address_of: gives the address that a request comes from.
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
        self.share: Callable[[Request], None] = lambda request: None
        self.address_of: Callable[[Request], str] = _peer
        self._operations = Operations(broker)
        failures = Failures(broker.limits.api_failures, seconds)
        self._doorkeeper = Doorkeeper(broker.accounts, failures)
        self._tenants, self._reasons = dev_index_size, reasons
        self._document = write_body(document(broker.limits))

    def render(self, request: Request) -> int:
        """Answer, now or later."""
        self.share(request)
        request.setHeader("Cache-Control", "no-store")
        request.setHeader("X-Content-Type-Options", "nosniff")
        try:
            self._begin(request)
        except Problem as problem:
            _refuse(request, problem)
        return NOT_DONE_YET

    def _begin(self, request: Request) -> None:
        """
        Find out what is asked for, and let it be done.

        @raise Problem: if there is no such thing.
        """
        parts = [read_text(part) for part in request.postpath or ()]
        method = request.method.decode("latin-1")
        if parts == [DOCUMENT[1:]]:
            if method not in ("GET", "HEAD"):
                self._other(request, method, "GET, HEAD, OPTIONS")
            else:
                _answer(request, 200, self._document)
            return
        methods, path = find_path(parts)
        operation = methods.get("GET" if method == "HEAD" else method)
        if operation is None:
            self._other(request, method, allowed(methods))
            return
        if self._reasons():
            raise Problem.of(ShuttingDown("; ".join(self._reasons())))
        work = Deferred.fromCoroutine(self._serve(request, operation, path))
        # A write that has begun is carried out as a whole, whether somebody waits for the answer or not.
        leave = (lambda _: None) if operation.writes else (lambda _: work.cancel())
        request.notifyFinish().addErrback(leave)
        work.addErrback(self._give_up, request)

    def _other(self, request: Request, method: str, allow: str) -> None:
        """A method that no operation has."""
        if method != "OPTIONS":
            raise problems.wrong_method(method, allow)
        request.setHeader("Allow", allow)
        request.setResponseCode(204)
        request.finish()

    async def _serve(self, request: Request, operation: Operation, path: dict[str, str]) -> None:
        try:
            content = await self._carry_out(request, operation, path)
        except Problem as problem:
            _refuse(request, problem)
        except CometError as error:
            _refuse(request, Problem.of(error))
        else:
            _answer(request, 200, write_body(content))

    async def _carry_out(self, request: Request, operation: Operation, path: dict[str, str]) -> Any:
        """
        @return: the answer.
        @raise Problem, CometError: if it is refused.
        """
        query = {read_text(name): [read_text(text) for text in texts] for name, texts in request.args.items()}
        # The tenant comes first: without it nobody can tell whether the key is right.
        tenant = read_query({TENANT.name: query.pop(TENANT.name, [])}, [TENANT])[TENANT.name]
        caller = await self._caller(request, tenant)
        if not operation.users:
            caller.check_backend()
        given = read_path(path) | read_query(query, operation.query)
        body = None
        if operation.form is not None:
            body = read_body(
                request.content.read(),
                _header(request, "Content-Type") or "",
                _header(request, "Content-Encoding") or "",
            )
        return await operation.run(self._operations, Call(caller, given, operation.form, body))

    async def _caller(self, request: Request, dev_id: int | None) -> Caller:
        tenant = read_tenant(dev_id, _header(request, TENANT_HEADER), self._tenants)
        authorization = _header(request, "Authorization")
        return await self._doorkeeper.identify(tenant, authorization, self.address_of(request))

    def _give_up(self, failure: Failure, request: Request) -> None:
        """Something that should not have happened, but that the client is gone."""
        if failure.check(CancelledError) and request._disconnected:
            return
        self._log.failure("a request of the HTTP API has failed", failure)
        _refuse(request, problems.failure())


def _header(request: Request, name: str) -> str | None:
    raw = request.requestHeaders.getRawHeaders(name.encode())
    # Bytes that are no UTF-8 stay what they are, and fit nothing.
    return None if raw is None else raw[0].decode("utf-8", "surrogateescape")


def _peer(request: Request) -> str:
    return str(getattr(request.getClientAddress(), "host", ""))


def _refuse(request: Request, problem: Problem) -> None:
    for name, value in problem.headers.items():
        request.setHeader(name, value)
    _answer(request, problem.status, write_body(problem.content))


def _answer(request: Request, status: int, body: bytes) -> None:
    """Answer, unless nobody is there any more."""
    if request._disconnected or request.finished:
        return
    request.setResponseCode(status)
    request.setHeader("Content-Type", JSON)
    request.setHeader("Content-Length", str(len(body)))
    request.write(body)
    request.finish()
