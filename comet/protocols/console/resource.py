"""
The path C{/console}: the page, and what it asks of the server below C{/console/api}.

Each request says who asks, as those to the HTTP API do: there is no cookie that another site's page could
make use of. Statements are carried out by the engine of the MySQL port, in a session of their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from http import HTTPStatus
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.http import Request
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from comet.cometql.context import DATABASE
from comet.cometql.interface import Login, QueryServer
from comet.cometql.results import awaited
from comet.cometql.shape import statements_of
from comet.errors import CometError, Refused, ShuttingDown, TooFast, TooLong
from comet.model import SHORTEST_SUBSCRIBED, Hello, check_name
from comet.protocols.answers import Exchange, address_of, header_of, is_passed_on
from comet.protocols.api import problems
from comet.protocols.api.bodies import read_body, write_body
from comet.protocols.api.callers import Caller, Doorkeeper
from comet.protocols.api.parameters import TENANT_HEADER, read_tenant
from comet.protocols.api.problems import Problem
from comet.protocols.console.asking import check_page, is_here, text_of
from comet.protocols.console.results import Sheet
from comet.protocols.console.tail import Tail
from comet.protocols.eventstream import EventStreams
from comet.protocols.pages import WebFile
from comet.protocols.reception import Reception
from comet.protocols.refusing import Refusing

#: So many statements may stand in one text; so many texts of a tenant are carried out at once.
MOST_STATEMENTS, MOST_AT_ONCE = 100, 8
#: Scripts and styles are files of ours, and nothing else is loaded, framed, or told to anybody.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script';"
    " trusted-types 'none'"
)
#: The files of the page besides itself: the styles, what begins, and what each part does.
FILES = (
    "base.css",
    "console.css",
    "console.js",
    *(f"console_{part}.js" for part in ("server", "parts", "sql", "now", "channels", "users", "send")),
)


class Asked(Resource):
    """Something that the page asks for by POST, with a key."""

    isLeaf = True
    _log = Logger()

    def __init__(
        self,
        doorkeeper: Doorkeeper,
        reception: Reception,
        dev_index_size: int = 100_000,
        reasons: Callable[[], list[str]] = list,
    ) -> None:
        """
        @param doorkeeper: tells who asks, and counts wrong keys.
        @param dev_index_size: tenants have the numbers below this one.
        @param reasons: gives the reasons why the server is not ready, none if it is.
        """
        super().__init__()
        self._reception, self._broker = reception, reception.broker
        self._doorkeeper, self._tenants, self._reasons = doorkeeper, dev_index_size, reasons

    def render(self, request: Request) -> int:
        """Answer, now or later."""
        exchange = Exchange(request)
        work = Deferred.fromCoroutine(self._serve(request, exchange))
        work.addErrback(self._give_up, exchange)
        return NOT_DONE_YET

    async def _serve(self, request: Request, exchange: Exchange) -> None:
        try:
            caller, body = await self._read(request)
            await self._carry_out(request, exchange, caller, body)
        except Problem as problem:
            exchange.refuse(problem)
        except CometError as error:
            exchange.refuse(Problem.of(error))

    async def _read(self, request: Request) -> tuple[Caller, Any]:
        """
        @return: who asks, and what stands in the body.
        @raise Problem, CometError: if nothing is done for who asks.
        """
        if request.method != b"POST":
            raise problems.wrong_method(request.method.decode("latin-1"), "POST")
        try:
            check_page(*(header_of(request, name) for name in ("Sec-Fetch-Site", "Origin", "Host")))
        except Problem:
            self._reception.refuse_origin()
            raise
        if reasons := self._reasons():
            raise ShuttingDown("; ".join(reasons))
        assert request.content is not None  # the whole request is here
        raw = request.content.read()
        tenant = read_tenant(None, header_of(request, TENANT_HEADER), self._tenants)
        key = header_of(request, "Authorization")
        caller = await self._doorkeeper.identify(tenant, key, address_of(request))
        caller.check_backend()
        encoding = header_of(request, "Content-Encoding")
        return caller, read_body(raw, header_of(request, "Content-Type"), encoding)

    def _carry_out(self, request: Request, exchange: Exchange, caller: Caller, body: Any) -> Awaitable[None]:
        """Do what is asked for, and answer; or raise C{Problem} or C{CometError}."""
        raise NotImplementedError

    def _give_up(self, failure: Failure, exchange: Exchange) -> None:
        """Something that should not have happened."""
        self._log.failure("a request of the console has failed", failure)
        exchange.refuse(problems.failure())


class Statements(Asked):
    """Carries out statements: C{{"statement": "SELECT 1; SELECT 2"}}."""

    def __init__(
        self, server: QueryServer, seconds: Callable[[], float], *arguments: Any, **more: Any
    ) -> None:
        """
        @param seconds: a clock, in fractions of a millisecond.
        @param arguments: for L{Asked}, as is C{more}.
        """
        super().__init__(*arguments, **more)
        self._server, self._seconds = server, seconds
        self._running: Counter[int] = Counter()

    async def _carry_out(self, request: Request, exchange: Exchange, caller: Caller, body: Any) -> None:
        text, running = text_of(body, "statement"), self._running
        if running[caller.dev_id] >= MOST_AT_ONCE:
            raise TooFast(f"{MOST_AT_ONCE} texts of the console run at once, no more may: try again")
        running[caller.dev_id] += 1
        try:
            sheet = await self._run(self._login(caller, address_of(request)), text)
        finally:
            running[caller.dev_id] -= 1
            if not running[caller.dev_id]:
                del running[caller.dev_id]
        exchange.answer(write_body(sheet.content))

    def _login(self, caller: Caller, address: str) -> Login:
        return Login(
            *(str(caller.dev_id or "root"), caller.dev_id, next(self._broker.connections.numbers)),
            *(address, DATABASE),
            password=int(caller.by_key),
        )

    async def _run(self, login: Login, text: str) -> Sheet:
        """@return: what the statements have given, up to the first one that was refused."""
        sheet = Sheet()
        session = self._server.open(login)
        try:
            statements = statements_of(text)
            if len(statements) > MOST_STATEMENTS:
                raise TooLong(f"Data too long: the console takes {MOST_STATEMENTS} statements at once")
            for statement in statements:
                begun = self._seconds()
                result = await awaited(session.begin(statement))
                sheet.add(result, self._seconds() - begun)
        except Refused as error:
            sheet.refuse(error)
        finally:
            session.close()
        return sheet


class Tails(Asked):
    """Lets somebody listen to a channel: C{{"channel": "news"}}; the answer is a stream as C{/comet/sse}."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        """@param arguments: for L{Asked}, as is C{more}."""
        super().__init__(*arguments, **more)
        self._streams = EventStreams(self._reception)

    async def _carry_out(self, request: Request, exchange: Exchange, caller: Caller, body: Any) -> None:
        name = text_of(body, "channel")
        check_name(name, "channel name", SHORTEST_SUBSCRIBED)
        if exchange.gone:
            return
        hello = Hello(caller.dev_id, wanted={name: None})
        self._streams.open(request, hello, partial(Tail, by_key=caller.by_key))
        # From here on the stream answers.
        exchange.gone = True


class ConsoleFile(WebFile):
    """A file of the page, for this page alone."""

    def render_GET(self, request: Request) -> bytes:
        """The file."""
        body = super().render_GET(request)
        request.responseHeaders.removeHeader("Access-Control-Allow-Origin")
        for name, value in (
            ("Content-Security-Policy", POLICY),
            ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("X-Frame-Options", "DENY"),
        ):
            request.setHeader(name, value)
        return body


class Nearby(Resource):
    """
    A resource for this machine alone, and not for whom a proxy on it comes.

    It goes by the name of this machine only: else a page of any other name could have that lead here, and
    then take itself for one of ours.
    """

    def __init__(self, inner: Resource) -> None:
        super().__init__()
        self._inner = inner

    def render(self, request: Request) -> bytes | int:
        """What the resource answers."""
        answer: bytes | int = (self._distant(request) or self._inner).render(request)
        return answer

    def getChildWithDefault(self, path: bytes, request: Request) -> Any:
        """The same child as that of the other one."""
        return self._distant(request) or self._inner.getChildWithDefault(path, request)

    def _distant(self, request: Request) -> Refusing | None:
        if is_here(header_of(request, "Host")) and not is_passed_on(request):
            return None
        told = "only as localhost or 127.0.0.1, and not through a proxy, unless [console] enabled = yes"
        return Refusing(HTTPStatus.FORBIDDEN, told)


class Console(ConsoleFile):
    """The page, and all that belongs to it."""

    isLeaf = False

    def __init__(self, statements: Statements, tails: Tails) -> None:
        super().__init__("console.html")
        self.putChild(b"", ConsoleFile("console.html"))
        for name in FILES:
            self.putChild(name.encode(), ConsoleFile(name))
        self.putChild(b"console.svg", ConsoleFile("demo.svg"))
        api = Resource()
        api.putChild(b"query", statements)
        api.putChild(b"tail", tails)
        self.putChild(b"api", api)
