"""
What the server counts, as SHOW STATUS tells it.

CometQL reads the counters through L{Gauges}; whoever owns the listeners keeps them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Protocol

from comet.mail import Counters
from comet.model import Goodbye
from comet.refusals import Reason, Refusals
from comet.video.model import Topology
from comet.video.tally import ENDS, REFUSALS, Purpose, VideoStatus


@dataclass(frozen=True, slots=True)
class PortStatus:
    """
    The counters of one listener since the start.

    @ivar interval: the seconds over which the rates are taken; 0 if none are.
    @ivar online: connections that are open now.
    @ivar messages: reads that were answered.
    @ivar added: connections that were accepted.
    @ivar deleted: connections that were closed.
    """

    interval: int = 0
    online: int = 0
    messages: int = 0
    added: int = 0
    deleted: int = 0
    messages_per_second: float = 0.0
    added_per_second: float = 0.0
    deleted_per_second: float = 0.0


@dataclass(frozen=True, slots=True)
class TrafficStatus:
    """
    What went over the listener for MySQL clients since the start.

    @ivar most: the most connections that there were at once.
    @ivar denied: logins with a wrong name or password.
    @ivar received: bytes from clients.
    @ivar sent: bytes to clients.
    """

    most: int = 0
    denied: int = 0
    received: int = 0
    sent: int = 0


@dataclass(frozen=True, slots=True)
class PresenceStatus:
    """
    The counters of presence.

    @ivar users: users that are online now.
    @ivar lost: rows of the log that were given up, because the store did not work.
    @ivar deliveries: batches that the webhook has taken.
    @ivar failures: attempts to deliver a batch that have failed.
    @ivar undelivered: rows that were dropped before the webhook could take them.
    """

    users: int = 0
    lost: int = 0
    deliveries: int = 0
    failures: int = 0
    undelivered: int = 0


@dataclass(frozen=True, slots=True)
class LoadStatus:
    """
    How much the server has to do.

    @ivar nodes: the servers of the cluster that are known, this one included.
    @ivar channels: channels with a subscriber here.
    @ivar subscriptions: subscriptions here.
    @ivar outbox: bytes that wait for browsers that read slowly.
    @ivar lag: how late the server came to its last regular work, in seconds.
    @ivar statements: statements that had a result.
    @ivar seconds: how long all of them took together.
    """

    nodes: int = 1
    channels: int = 0
    subscriptions: int = 0
    outbox: int = 0
    lag: float = 0.0
    statements: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class OutboxStatus:
    """
    The counters of a table that is followed.

    @ivar published: rows that were published.
    @ivar refused: rows that were set aside.
    @ivar failures: attempts to read, publish or note them that have failed.
    @ivar waiting: about how many rows wait.
    @ivar behind: how many seconds ago everything was published; 0 while another server follows.
    @ivar works: whether it is followed, by this server or another.
    """

    published: int = 0
    refused: int = 0
    failures: int = 0
    waiting: int = 0
    behind: float = 0.0
    works: bool = True


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """
    The counters of the whole server.

    @ivar uptime: whole seconds since the start.
    @ivar ws: the listener for browsers.
    @ivar cometql: the listener for MySQL clients.
    @ivar refused: how often something was refused to browsers, by reason.
    @ivar delivery: what became of messages.
    @ivar goodbyes: how many browsers were sent away, by reason.
    @ivar presence: who is online, and the telling of it.
    @ivar traffic: of MySQL clients.
    @ivar slow: statements that took longer than C{[log] slow_statement}.
    @ivar video: calls and rooms.
    @ivar load: what there is to do.
    @ivar outboxes: the tables that are followed, by their sections.
    """

    uptime: int = 0
    ws: PortStatus = field(default_factory=PortStatus)
    cometql: PortStatus = field(default_factory=PortStatus)
    refused: Refusals = field(default_factory=Refusals)
    delivery: Counters = field(default_factory=Counters)
    goodbyes: Counter[Goodbye] = field(default_factory=Counter)
    presence: PresenceStatus = field(default_factory=PresenceStatus)
    slow: int = 0
    traffic: TrafficStatus = field(default_factory=TrafficStatus)
    video: VideoStatus = field(default_factory=VideoStatus)
    load: LoadStatus = field(default_factory=LoadStatus)
    outboxes: Mapping[str, OutboxStatus] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TenantStatus:
    """
    The counters of one tenant.

    @ivar users: browser connections that are open now.
    @ivar backends: CometQL connections that are open now.
    @ivar messages: messages of the tenant since the start.
    @ivar online: users that are online now, however many connections each has.
    """

    users: int = 0
    backends: int = 0
    messages: int = 0
    online: int = 0


class Gauges(Protocol):
    """Where the counters are read."""

    def server(self) -> ServerStatus:
        """@return: the counters of the whole server, as they are now."""

    def tenant(self, dev_id: int) -> TenantStatus:
        """@return: the counters of one tenant, as they are now."""


class NoGauges(Gauges):
    """Counters that nobody keeps."""

    def server(self) -> ServerStatus:
        """@return: zeros."""
        return ServerStatus()

    def tenant(self, dev_id: int) -> TenantStatus:
        """@return: zeros."""
        return TenantStatus()


def session_status(gauges: Gauges, dev_id: int, cipher: str, tls: str) -> list[tuple[str, str]]:
    """
    @param cipher: what TLS encrypts the connection with.
    @param tls: the version of TLS; both are empty without it.
    @return: names and values of SHOW STATUS.
    """
    status = gauges.tenant(dev_id)
    return [
        ("flag", "session"),
        ("id", str(dev_id)),
        ("user_online", str(status.users)),
        ("server_online", str(status.backends)),
        ("messages", str(status.messages)),
        ("online_users", str(status.online)),
        ("Ssl_cipher", cipher),
        ("Ssl_version", tls),
    ]


def global_status(gauges: Gauges) -> list[tuple[str, str]]:
    """@return: names and values of SHOW GLOBAL STATUS."""
    status = gauges.server()
    ws, cometql, presence, traffic = status.ws, status.cometql, status.presence, status.traffic
    load = status.load
    outboxes = status.outboxes.values()
    return [
        ("flag", "global"),
        ("uptime", str(status.uptime)),
        ("uptime_in_hours", f"{status.uptime / 3600:.2f}"),
        ("uptime_in_days", f"{status.uptime / 86400:.2f}"),
        ("frontend_name", "ws"),
        ("backend_name", "cometql"),
        ("frontend_stat_interval", str(ws.interval)),
        ("backend_stat_interval", str(cometql.interval)),
        ("frontend_online", str(ws.online)),
        ("backend_online", str(cometql.online)),
        ("frontend_messages", str(ws.messages)),
        ("backend_messages", str(cometql.messages)),
        ("frontend_add_client", str(ws.added)),
        ("backend_add_client", str(cometql.added)),
        ("frontend_delete_client", str(ws.deleted)),
        ("backend_delete_client", str(cometql.deleted)),
        ("frontend_messages_ps", f"{ws.messages_per_second:.2f}"),
        ("backend_messages_ps", f"{cometql.messages_per_second:.2f}"),
        ("frontend_add_client_ps", f"{ws.added_per_second:.2f}"),
        ("backend_add_client_ps", f"{cometql.added_per_second:.2f}"),
        ("frontend_delete_client_ps", f"{ws.deleted_per_second:.2f}"),
        ("backend_delete_client_ps", f"{cometql.deleted_per_second:.2f}"),
        ("network_events", f"{float(ws.messages + cometql.messages):.6f}"),
        *((f"frontend_refused_{reason.value}", str(status.refused[reason])) for reason in Reason),
        *((f"messages_{name}", str(count)) for name, count in asdict(status.delivery).items()),
        *((f"goodbyes_{each.name.lower()}", str(status.goodbyes[each])) for each in Goodbye),
        ("online_users", str(presence.users)),
        ("presence_rows_lost", str(presence.lost)),
        ("webhook_deliveries", str(presence.deliveries)),
        ("webhook_failures", str(presence.failures)),
        ("webhook_rows_lost", str(presence.undelivered)),
        ("outboxes_published", str(sum(each.published for each in outboxes))),
        ("outboxes_refused", str(sum(each.refused for each in outboxes))),
        ("outboxes_failures", str(sum(each.failures for each in outboxes))),
        ("outboxes_waiting", str(sum(each.waiting for each in outboxes))),
        ("outboxes_behind", f"{max((each.behind for each in outboxes), default=0.0):.1f}"),
        *_video_status(status.video),
        ("nodes", str(load.nodes)),
        ("channels", str(load.channels)),
        ("subscriptions", str(load.subscriptions)),
        ("outbox_bytes", str(load.outbox)),
        ("reactor_lag_seconds", f"{load.lag:.6f}"),
        ("statements", str(load.statements)),
        ("statements_seconds", f"{load.seconds:.6f}"),
        ("Slow_queries", str(status.slow)),
        # What MySQL calls by names of its own, and tools look for.
        ("Aborted_connects", str(traffic.denied)),
        ("Bytes_received", str(traffic.received)),
        ("Bytes_sent", str(traffic.sent)),
        ("Connections", str(cometql.added)),
        ("Max_used_connections", str(traffic.most)),
        ("Queries", str(cometql.messages)),
        ("Questions", str(cometql.messages)),
        ("Threads_connected", str(cometql.online)),
        ("Threads_running", "1"),
        ("Uptime", str(status.uptime)),
    ]


def _video_status(video: VideoStatus) -> Iterator[tuple[str, str]]:
    tally = video.tally
    yield "video_calls", str(video.calls)
    for topology in Topology:
        yield f"video_rooms_{topology.value}", str(video.rooms.get(topology, 0))
    yield "video_seats", str(video.seats)
    yield "video_rings", str(video.rings)
    for kind in Purpose:
        yield f"video_{kind.value}s_begun", str(tally.begun[kind])
        for reason in ENDS:
            yield f"video_{kind.value}s_{reason.value}", str(tally.over[kind, reason])
    yield "video_signals", str(tally.signals)
    for name in REFUSALS:
        yield f"video_refused_{name}", str(tally.refused[name])


def one_line(gauges: Gauges) -> str:
    """@return: the line that C{mysqladmin status} shows."""
    status = gauges.server()
    cometql = status.cometql
    return (
        f"Uptime: {status.uptime}  Threads: {cometql.online}  Questions: {cometql.messages}  "
        f"Slow queries: {status.slow}  Opens: {cometql.added}  Flush tables: 0  Open tables: 0  "
        f"Queries per second avg: {cometql.messages / max(status.uptime, 1):.3f}"
    )
