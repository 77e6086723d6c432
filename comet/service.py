"""The server: from a configuration to listeners, wired together once, here."""

from __future__ import annotations

import ipaddress
import resource
import secrets
import shlex
import time
from collections import Counter
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from random import random
from socket import gethostname
from typing import Any

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall, deferLater
from twisted.internet.threads import deferToThread
from twisted.logger import Logger
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from twisted.web.client import Agent
from twisted.web.resource import Resource
from twisted.web.server import Site

import comet
from comet import ports
from comet.addresses import Proxies
from comet.attendance import StatusRules
from comet.broker import Broker
from comet.cluster.bus import Bus
from comet.cluster.joining import make_bus
from comet.cluster.localbus import LocalBus
from comet.cluster.node import Node
from comet.cometql.engine import Engine
from comet.cometql.gaps import Gap
from comet.cometql.status import LoadStatus, OutboxStatus, PresenceStatus, TenantStatus, TrafficStatus
from comet.cometql.timing import Timing
from comet.config import CannotStart, Config
from comet.data import DataFolder
from comet.draining import STEP_SECONDS, Drain
from comet.durations import Durations
from comet.errors import BadValue, CometError
from comet.following.databases import SQLFeed
from comet.following.follower import Follower
from comet.following.publishing import Publisher
from comet.gate import Gate
from comet.gauges import Count, Meter, ServerGauges
from comet.hub import Subscriber
from comet.keyring import KeyRing, read_pem
from comet.kinds import SipServer
from comet.metrics import Metrics, ServerCollector, Sizes, joined
from comet.model import Goodbye
from comet.ports import Port
from comet.protocols.api.resource import Api, shared_api
from comet.protocols.console.resource import Console, Nearby, Statements, Tails
from comet.protocols.cors import Shared
from comet.protocols.courier import Counters, Courier
from comet.protocols.eventstream import EventStreams
from comet.protocols.front import Front
from comet.protocols.immediate import idleness
from comet.protocols.janus.conductor import Conductor, Rules
from comet.protocols.janus.link import Link
from comet.protocols.jsonsocket import JsonFactory
from comet.protocols.jwks import KeySet
from comet.protocols.longpoll import Inner, LongPolls
from comet.protocols.metrics import MetricsPage
from comet.protocols.metrics import Reader as MetricsReader
from comet.protocols.mysql.auth import PLUGINS
from comet.protocols.mysql.server import MySQLFactory
from comet.protocols.pages import Facts, Root
from comet.protocols.passing import Neighbours
from comet.protocols.reception import Reception
from comet.protocols.site import HTTP_IDLE_SECONDS, BrowserPort, Sockets
from comet.protocols.tls import ServerTls
from comet.protocols.websocket import BrowserFactory
from comet.protocols.wheel import Wheel
from comet.rights import Rule
from comet.sections import Jwt
from comet.storage.opening import make_store
from comet.storage.sql import SQLStore
from comet.tokens import Tokens
from comet.turn import Turn
from comet.video.sip import SipCalls

#: The interval of the rates in SHOW STATUS, in seconds.
GAUGE_SECONDS = 10
#: How late it may be noticed that a token has run out, or a time of grace is over, in seconds.
TICK_SECONDS = 0.25
#: What the health says of a server that ends.
STOPPING = "stopping"
#: How long the last words of the server may take to leave, in seconds.
FAREWELL_SECONDS = 0.2
#: How long statements that run may take to end when the server stops, in seconds.
STOP_SECONDS = 10.0

#: Stands for "no limit" on open files.
FILES_ENOUGH = 1 << 30

DEMO_CHANNEL = "web_demo"
_log = Logger()


def spawn(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine that nobody waits for, and log its failure."""
    work = Deferred.fromCoroutine(coroutine)
    work.addErrback(lambda failure: _log.failure("work in the background failed", failure))


def raise_file_limit() -> int:
    """
    Let this process have as many open files as it may; every connection is one.

    @return: how many that are.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        return FILES_ENOUGH if soft == hard else soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def key_ring(rules: Jwt) -> KeyRing:
    """
    @return: the public keys in the file that is configured, if there is one.
    @raise CannotStart: if it has none.
    """
    try:
        return KeyRing(read_pem(rules.public_key) if rules.public_key is not None else ())
    except BadValue as error:
        raise CannotStart(f"[jwt] public_key: {error}") from None


class CometService(MultiService):
    """
    The whole server.

    @ivar listening: fires with the ports by name once all are listened to, or fails with L{CannotStart}.
    """

    def __init__(
        self,
        config: Config,
        folder: DataFolder,
        reactor: Any,
        inherited: Sequence[Port] | None = None,
        local: LocalBus | None = None,
        neighbours: Neighbours | None = None,
    ) -> None:
        """
        @param inherited: the ports, of a process that another one has started, which tells of them and of
            the configuration.
        @param local: the bus to the other workers of this machine.
        @param neighbours: those, as the ones that may have a session of long-poll.
        @raise CannotStart: if a port is not to be had.
        """
        super().__init__()
        self.listening: Deferred[Mapping[str, int]] = Deferred()
        self._config, self._folder, self._reactor = config, folder, reactor
        self._bus = make_bus(config, local, reactor)
        self._open: list[Any] = []
        self._ready = self._stopping = False
        self._neighbours = neighbours
        #: When the next tick is due; how late the last one was, and all of them.
        self._due = self._late = 0.0
        self._lag = Durations()
        self._build()
        self._gauge = LoopingCall(self._gauges.tick)
        self._gauge.clock = reactor
        self._ticker = LoopingCall(self._tick)
        self._ticker.clock = reactor
        self._is_worker = inherited is not None
        self._listeners = ports.bind(config) if inherited is None else list(inherited)

    def _build(self) -> None:
        config, reactor = self._config, self._reactor
        rules = StatusRules(
            tell_online=config.main.send_user_online_events,
            tell_offline=config.main.send_user_offline_events,
            keep_last_seen=config.main.save_users_last_online_time,
            grace=config.presence.grace,
            log_channels=config.presence.log_channels,
        )
        store = make_store(config, self._folder.path, reactor)
        password, node = self._folder.password, config.main.node_name
        ring = key_ring(config.jwt)
        self._key_set: KeySet | None = None
        if config.jwt.jwks_url:
            agent = Agent(reactor)
            self._key_set = KeySet(config.jwt.jwks_url, ring, agent, reactor, config.jwt.jwks_refresh)
        reader = Tokens(config.jwt, ring)
        turn: Turn[Subscriber] = Turn(
            lambda write: reactor.callLater(0, write), reactor.seconds, idleness(reactor)
        )
        self._media = self._make_media(password)
        self._broker = Broker(
            *(store, config.limits, time.time, spawn, rules, password, node, reader, turn),
            make_engine=None if self._bus is None else partial(self._join, self._bus),
            video=config.video,
            sip=SipCalls(config.sip, password),
            media=self._media,
        )
        self._proxies = proxies = Proxies(config.ws.trusted_proxies)
        gate = Gate(config.limits, reactor.seconds, proxies, self._broker.refusals)
        self._courier = self._make_courier(store)
        self._followers = {
            section: Follower(
                *(section, outbox, SQLFeed(section, outbox, config.limits.message, reactor), store),
                *(Publisher(self._broker, outbox.dev_id), node, reactor, time.time),
            )
            for section, outbox in config.followed.items()
        }
        self._tls = ServerTls(self._folder.tls_pair)
        self._reception = Reception(
            self._broker,
            Wheel(reactor),
            server=f"comet {comet.__version__}",
            origins=config.ws.host,
            dev_index_size=config.main.dev_index_size,
            ping_seconds=config.ws.ping_interval,
            compress=config.ws.compress,
            proxies=proxies,
        )
        self._gauges = ServerGauges(
            reactor.seconds,
            Meter(self._browser_count, GAUGE_SECONDS),
            Meter(self._backend_count, GAUGE_SECONDS),
            self._tenant_status,
            self._broker.refusals,
            self._broker.counters,
            self._broker.goodbyes,
            self._presence_status,
            lambda: self._engine.timing.slow,
            self._sql_traffic,
            self._broker.hall.status,
            self._load,
            self._outbox_status,
        )
        self._engine = Engine(
            self._broker,
            self._folder.password,
            self._gauges,
            dev_index_size=config.main.dev_index_size,
            version=config.cometql.version,
            max_allowed_packet=config.cometql.max_allowed_packet,
            wait_timeout=config.cometql.wait_timeout,
            max_connections=config.limits.backends,
            offload=deferToThread,
            timing=Timing(time.perf_counter, config.log.slow_statement / 1000, tell_slow),
        )
        collector = ServerCollector(
            *(node, self._gauges.server, self._sizes, self._lag, self._engine.timing.durations),
        )
        self._broker.metrics = Metrics(node, collector).text
        self._mysql = MySQLFactory(
            self._engine,
            config.limits,
            reactor,
            max_allowed_packet=config.cometql.max_allowed_packet,
            wait_timeout=config.cometql.wait_timeout,
            tls=self._tls.backends,
            plugin=PLUGINS[config.cometql.auth_plugin],
            numbers=self._broker.connections.numbers,
            turn=turn,
        )
        self._engine.hang_up = self._mysql.kill
        self._engine.let_go = self._mysql.let_go
        self._engine.gaps.found = tell_gap
        self._engine.facts["hostname"] = config.main.node_name
        facts = Facts(
            *(config.main.node_name, self._demo if config.demo else None, self._problems),
            *(self._notes, lambda: self._late),
        )
        api = Api(self._broker, reactor.seconds, config.main.dev_index_size, self._unready)
        polls = LongPolls(self._reception, reactor, self._neighbours)
        self._inner = Site(Inner(polls), reactor=reactor)
        self._inner.noisy = False
        transports = {
            "api": shared_api(api, self._reception),
            "poll": Shared(polls, self._reception),
            "sse": Shared(EventStreams(self._reception), self._reception),
        }
        readers = MetricsReader(config.metrics.networks, config.metrics.token)
        metrics = MetricsPage(readers, self._metrics, proxies.trusts)
        sockets = Sockets(BrowserFactory(self._reception, reactor), JsonFactory(self._reception, reactor))

        def browser_port(console: Resource | None) -> BrowserPort:
            pages = Front(
                Root(facts, transports, metrics, console),
                gate,
                config.limits.request,
                config.tls.hsts,
                config.limits.api_body,
                api.judge,
                timeout=HTTP_IDLE_SECONDS,
                reactor=reactor,
            )
            return BrowserPort(sockets, pages, config.limits, reactor, gate, self._reception.wheel)

        console = self._make_console(api) if config.has_console else None
        self._browsers = browser_port(None if config.has_console_port else console)
        self._console = browser_port(console) if config.has_console_port else None

    def _join(self, bus: Bus, broker: Broker) -> Node:
        """@return: the engine of a server among others."""
        reactor = self._reactor
        return Node(
            *(broker, bus, secrets.token_hex(8), reactor.callLater, spawn, reactor.seconds),
            self._config.cluster.expiry,
        )

    def _make_courier(self, store: SQLStore) -> Courier | None:
        presence, node = self._config.presence, self._config.main.node_name
        if not presence.webhook:
            return None
        courier = Courier(
            *(store, presence.webhook, presence.webhook_secret, node, self._reactor, time.time),
            is_alone=self._bus is None,
        )
        self._broker.attendance.written = courier.wake
        return courier

    def _make_media(self, password: str) -> Conductor | None:
        video, reactor = self._config.video, self._reactor
        if not video.janus:
            return None
        # Without a secret of its own, there is still one that all nodes know, and nobody else.
        rules = Rules(
            *(video.janus_secret or password, video.janus_secret, video.room_limit, video.janus_patience)
        )
        return Conductor(Link(reactor, video.janus, video.janus_secret), rules, spawn, reactor.callLater)

    def _make_console(self, api: Api) -> Resource:
        asked = api.doorkeeper, self._reception, self._config.main.dev_index_size, self._unready
        console = Console(Statements(self._engine, time.perf_counter, *asked), Tails(*asked))
        # A proxy on this machine must not show to all what nobody has asked to have.
        return console if self._config.console.enabled else Nearby(console)

    def _factories(self) -> dict[str, Any]:
        found = {"ws": self._browsers, "cometql": self._mysql, ports.INNER: self._inner}
        found["wss"] = self._secured(self._browsers)
        if self._console is not None:
            is_secure = self._config.tls.certificate is not None
            found["console"] = self._secured(self._console) if is_secure else self._console
        return found

    def _secured(self, factory: BrowserPort) -> TLSMemoryBIOFactory:
        """@return: the same, over TLS."""
        secure = TLSMemoryBIOFactory(self._tls.browsers, False, factory)
        secure.noisy = False
        return secure

    # Life -------------------------------------------------------------------------------------------------

    def startService(self) -> None:
        """Open the store, then answer on all ports."""
        if not self._is_worker:
            # Before the level counts: a file of CppComet's asks for errors alone, and is warned all the same.
            tell_warnings(self._config)
        super().startService()
        files = raise_file_limit()
        if files < self._config.limits.browsers:
            _log.info("this process may have {files} files, and so at most as many connections", files=files)
        Deferred.fromCoroutine(self._start()).addErrback(self._give_up)

    async def _start(self) -> None:
        try:
            await self._broker.start()
        except CometError as error:
            raise CannotStart(str(error)) from error
        if not self.running:
            return
        factories = self._factories()
        self._open = [
            listener.listen(self._reactor, factories[listener.name]) for listener in self._listeners
        ]
        self._engine.facts["port"] = self._ports["cometql"]
        self._gauge.start(GAUGE_SECONDS, now=False)
        self._due = self._reactor.seconds() + TICK_SECONDS
        self._ticker.start(TICK_SECONDS, now=False)
        if self._key_set is not None:
            self._key_set.start()
        if self._courier is not None:
            self._courier.start()
        for follower in self._followers.values():
            follower.start()
        self._broker.sip.address = self._address
        self._ready = True
        if not self._is_worker:
            self._folder.write_ports(self._ports)
            tell_ports(self._config, self._folder, self._listeners)
        self.listening.callback(self._ports)

    def _tick(self) -> None:
        now = self._reactor.seconds()
        self._late = max(0.0, now - self._due)
        self._lag.add(self._late)
        # Turns that were missed are not made up for: the next one is due where the interval has it.
        self._due += TICK_SECONDS * (self._late // TICK_SECONDS + 1)
        try:
            self._broker.tick()
        except Exception:
            # A failure here must not be the last tick.
            _log.failure("a tick failed")

    def _give_up(self, failure: Failure) -> None:
        for listener in self._listeners:
            listener.close()
        self.listening.errback(failure)

    def stopService(self) -> Deferred[None]:
        """Stop answering, say goodbye, finish what was begun."""
        super().stopService()
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        was_ready, self._ready, self._stopping = self._ready, False, True
        for port in self._open:
            ports.shut(port)
            await _maybe(port.stopListening())
        if was_ready:
            self._gauge.stop()
            self._ticker.stop()
            if self._key_set is not None:
                self._key_set.stop()
            # Before those are sent away who hear it.
            await self._at_most(STOP_SECONDS, Deferred.fromCoroutine(self._stop_following()))
            await self._drain()
            await self._at_most(STOP_SECONDS, self._mysql.close_all())
            await deferLater(self._reactor, FAREWELL_SECONDS)
        if self._courier is not None:
            await self._courier.stop()
        await self._broker.stop()
        self._folder.close()

    async def _stop_following(self) -> None:
        for stopped in [each.stop() for each in self._followers.values()]:
            await stopped

    async def _drain(self) -> None:
        """Send all away: browsers a portion at a time, MySQL clients once they have been answered."""
        seconds = self._config.main.drain
        over = self._reactor.seconds() + seconds
        drain = Drain(len(self._reception.sessions), seconds, random)
        answered = self._mysql.wind_up() if seconds else None
        # Whoever still comes in by a connection that was open is sent away, too.
        while self._reception.lose_some(drain.portion, Goodbye.SHUTDOWN, drain.retry):
            if self._reactor.seconds() >= over:
                break
            await deferLater(self._reactor, STEP_SECONDS)
        self._reception.lose_all(Goodbye.SHUTDOWN)
        if answered is not None:
            await self._at_most(max(0.0, over - self._reactor.seconds()), answered)

    async def _at_most(self, seconds: float, work: Deferred[None]) -> None:
        """Wait for C{work}, but not longer than that; it goes on by itself."""
        over: Deferred[None] = Deferred()
        timer = self._reactor.callLater(seconds, over.callback, None)
        work.addBoth(lambda _: None if over.called else over.callback(None))
        await over
        if timer.active():
            timer.cancel()

    def reload_certificate(self) -> None:
        """
        Read certificate and key again, for the connections to come.

        @raise CannotStart: if they are no good; then the old ones stay.
        """
        self._tls.reload()
        _log.info("the certificate was read again")

    def apply(self, config: Config) -> None:
        """Let that of C{config} count which may change while the server runs; see L{comet.reload}."""
        self._proxies.trust(config.ws.trusted_proxies)
        self._reception.origins.permit(config.ws.host)

    def allow(self, rule: Rule) -> Deferred[None]:
        """Let a rule of channel rights count, as a row that the first tenant has set; once it listens."""

        async def commit() -> None:
            await self._broker.commit([self._broker.grants.setting(0, rule)])

        return Deferred.fromCoroutine(commit())

    # Facts ------------------------------------------------------------------------------------------------

    @property
    def _ports(self) -> dict[str, int]:
        return {listener.name: listener.port for listener in self._listeners}

    @property
    def _address(self) -> SipServer:
        """Where pages reach this server; over TLS, if it has a certificate."""
        config = self._config
        secure = config.tls.certificate is not None
        ip = config.tls_ip if secure else config.ws.ip
        host = gethostname() if ipaddress.ip_address(ip).is_unspecified else ip
        return SipServer(host, self._ports["wss" if secure else "ws"])

    def _demo(self) -> dict[str, str]:
        line = mysql_line(self._config, self._folder, self._ports["cometql"], self._config.is_local)
        insert = (
            "INSERT INTO pipes_messages (name, event, message)"
            f" VALUES ('{DEMO_CHANNEL}', 'message', 'Hello from SQL')"
        )
        return {
            "sql": f'{line} -e "{insert}"',
            "channel": DEMO_CHANNEL,
            "version": comet.__version__,
        }

    def _unready(self) -> list[str]:
        if self._stopping:
            return [STOPPING]
        return [] if self._ready else ["starting"]

    def _problems(self) -> list[str]:
        problems = self._broker.store.problem, self._broker.engine.problem
        return [*self._unready(), *filter(None, problems)]

    def _notes(self) -> list[str]:
        media = [self._media.problem] if self._media is not None else []
        # Everybody may read this, and the problem may name the database and its user.
        waiting = [name for name, each in self._followers.items() if each.problem]
        return [*filter(None, media), *(f"[{name}] is not followed; the log tells why" for name in waiting)]

    def _sizes(self) -> Sizes:
        broker, sessions, load = self._broker, self._reception.sessions, self._load()
        return Sizes(
            Counter((session.form.dialect.name, session.form.transport) for session in sessions),
            *(load.channels, load.subscriptions, load.outbox),
            {"store": broker.store.problem, "cluster": broker.engine.problem},
            load.nodes,
        )

    async def _metrics(self) -> str:
        """The metrics of all processes that serve these ports: nobody knows which of them is asked."""
        own, others = self._broker.metrics(), await self._broker.engine.metrics()
        return joined([own, *others]) if others else own

    def _browser_count(self) -> Count:
        traffic = self._reception.traffic
        return Count(traffic.online.total(), traffic.messages.total(), traffic.added, traffic.removed)

    def _backend_count(self) -> Count:
        counters = self._mysql.counters
        return Count(counters.open, counters.commands, counters.accepted, counters.closed)

    def _sql_traffic(self) -> TrafficStatus:
        counters = self._mysql.counters
        return TrafficStatus(counters.most, counters.denied, counters.received, counters.sent)

    def _load(self) -> LoadStatus:
        broker, sessions = self._broker, self._reception.sessions
        durations = self._engine.timing.durations.values()
        return LoadStatus(
            *(broker.engine.nodes, len(broker.hub), broker.hub.total()),
            sum(session.waiting_bytes for session in sessions),
            self._late,
            sum(each.count for each in durations),
            sum(each.total for each in durations),
        )

    def _tenant_status(self, dev_id: int) -> TenantStatus:
        traffic = self._reception.traffic
        return TenantStatus(
            *(traffic.online[dev_id], self._engine.sessions[dev_id], traffic.messages[dev_id]),
            self._broker.attendance.online.online(dev_id),
        )

    def _outbox_status(self) -> dict[str, OutboxStatus]:
        return {
            name: OutboxStatus(**asdict(each.counters), behind=each.behind, works=not each.problem)
            for name, each in self._followers.items()
        }

    def _presence_status(self) -> PresenceStatus:
        counters = Counters() if self._courier is None else self._courier.counters
        return PresenceStatus(
            *(self._broker.attendance.online.online(), self._broker.attendance.lost),
            *(counters.deliveries, counters.failures, counters.lost),
        )


def tell_gap(gap: Gap) -> None:
    """Log what a program has asked for and comet does not have, so that somebody may add it."""
    _log.info("tenant {gap.dev_id} sent what is not known, error {gap.number}: {gap.statement}", gap=gap)


def tell_warnings(config: Config) -> None:
    """Log what is strange in the configuration, before anything is kept out of the log."""
    for warning in config.warnings:
        _log.warn("configuration: {warning}", warning=str(warning))


def tell_ports(config: Config, folder: DataFolder, listeners: Sequence[Port]) -> None:
    """Log where the server listens, and how to talk to it."""
    for each in listeners:
        _log.info("{name} listens on {ip}, port {port}", name=each.name, ip=each.ip, port=each.port)
    [port] = [each.port for each in listeners if each.name == "cometql"]
    _log.info("to talk to it: {line}", line=mysql_line(config, folder, port, tell_file=True))


def mysql_line(config: Config, folder: DataFolder, port: int, tell_file: bool) -> str:
    """
    @param tell_file: whether to tell in which file the password is; it stays there itself.
    @return: what to paste into a shell.
    """
    ip = config.cometql.ip
    host = "127.0.0.1" if ip in ("0.0.0.0", "::") else ip
    login = f"mysql --host={host} --port={port} --user=root"
    if config.main.password or not tell_file:
        return f"{login} --password CometQL_v1"
    return f'{login} --password="$(cat {shlex.quote(str(folder.password_file))})" CometQL_v1'


def tell_slow(seconds: float, user: str, number: int, statement: str) -> None:
    """Log a statement that took long; it comes without its values, which may be secrets."""
    _log.warn(
        "slow statement, {seconds:.3f} s, of {user}, connection {number}: {statement}",
        seconds=seconds,
        user=user,
        number=number,
        statement=statement,
    )


async def _maybe(result: Any) -> None:
    """Wait for what may be a Deferred."""
    if isinstance(result, Deferred):
        await result


def make_service(
    config: Config,
    folder: DataFolder,
    reactor: Any,
    inherited: Sequence[Port] | None = None,
    local: LocalBus | None = None,
    neighbours: Neighbours | None = None,
) -> CometService:
    """
    Wire the server together.

    @param inherited: see L{CometService}.
    @param local: likewise.
    @param neighbours: likewise.
    @raise CannotStart: if a port is not to be had.
    """
    return CometService(config, folder, reactor, inherited, local, neighbours)
