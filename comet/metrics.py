"""
What the server counts, in the format of Prometheus (its text format, version 0.0.4).

Names and units are those that Prometheus asks for: seconds, bytes, and C{_total} behind what only grows. No
label has a value that a client chooses: there are as many time series as are listed here, and no more.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from comet import __version__
from comet.cometql.status import OutboxStatus, PortStatus, ServerStatus
from comet.durations import Durations
from comet.model import Goodbye
from comet.refusals import Reason
from comet.video.model import Topology
from comet.video.tally import ENDS, REFUSALS, Purpose, VideoStatus

#: What the answer is, for who asks for it.
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

#: What the counters of messages mean; the names are those of L{comet.mail.Counters}.
_MESSAGES = {
    "published": "Messages to channels.",
    "delivered": "Private messages handed to a device.",
    "private": "Private messages.",
    "queued": "Private messages that were queued, as their user was away.",
    "queue_dropped": "Queued messages that were dropped, as the queue was full.",
    "expired": "Queued messages that nobody wanted any more.",
    "stored": "Messages that a channel has kept.",
}


@dataclass(frozen=True, slots=True)
class Sizes:
    """
    How much there is of what grows and shrinks.

    @ivar browsers: open connections of browsers, by dialect and transport.
    @ivar channels: channels with a subscriber.
    @ivar subscriptions: subscriptions of all channels.
    @ivar outbox: bytes that wait for browsers that read slowly.
    @ivar problems: why the server is not ready, by what has the problem; an empty reason for none.
    @ivar nodes: the servers of the cluster that are known, this one included.
    """

    browsers: Mapping[tuple[str, ...], int]
    channels: int
    subscriptions: int
    outbox: int
    problems: Mapping[str, str]
    nodes: int = 1


class ServerCollector(Collector):
    """Makes the metrics of one server when they are asked for."""

    def __init__(
        self,
        node: str,
        status: Callable[[], ServerStatus],
        sizes: Callable[[], Sizes],
        lag: Durations,
        statements: Mapping[str, Durations],
    ) -> None:
        """
        @param node: the name of the server, which all samples have.
        @param lag: how late the reactor was.
        @param statements: how long statements took, by their first word.
        """
        self._node, self._status, self._sizes = node, status, sizes
        self._lag, self._statements = lag, statements

    def collect(self) -> Iterator[Metric]:
        """Called by the registry."""
        status, sizes = self._status(), self._sizes()
        yield self._gauge(
            "comet_build_info", "What this is.", {(__version__, _python()): 1}, "version", "python"
        )
        yield self._gauge("comet_uptime_seconds", "Since the start.", {(): status.uptime})
        yield self._gauge("comet_nodes", "Servers of the cluster, this one included.", {(): sizes.nodes})
        yield self._gauge(
            "comet_ready",
            "Whether a part works: 1, or 0.",
            {(part,): int(not problem) for part, problem in sizes.problems.items()},
            "part",
        )
        yield from self._connections(status, sizes)
        yield from self._messages(status)
        yield from self._calls(status.video)
        yield from self._outboxes(status.outboxes)
        yield self._histogram(
            "comet_reactor_lag_seconds", "How late the server came to do something.", {(): self._lag}
        )
        yield self._histogram(
            "comet_statement_duration_seconds",
            "Until a statement had its result, by its first word.",
            {(verb,): durations for verb, durations in self._statements.items()},
            "statement",
        )

    def _connections(self, status: ServerStatus, sizes: Sizes) -> Iterator[Metric]:
        ports: dict[str, PortStatus] = {"ws": status.ws, "cometql": status.cometql}
        yield self._gauge(
            "comet_connections",
            "Connections that are open, by port.",
            {(port,): each.online for port, each in ports.items()},
            "port",
        )
        for name, doc, of in (
            ("comet_connections_opened", "Connections that were taken.", lambda each: each.added),
            ("comet_connections_closed", "Connections that have ended.", lambda each: each.deleted),
            ("comet_requests", "What clients have asked for or said.", lambda each: each.messages),
        ):
            yield self._counter(name, doc, {(port,): of(each) for port, each in ports.items()}, "port")
        yield self._gauge(
            "comet_browsers",
            "Browsers that are connected, by how.",
            sizes.browsers,
            *("dialect", "transport"),
        )
        yield self._gauge(
            "comet_users_online", "Users with a device that is connected.", {(): status.presence.users}
        )
        yield self._gauge("comet_channels", "Channels with a subscriber here.", {(): sizes.channels})
        yield self._gauge("comet_subscriptions", "Subscriptions here.", {(): sizes.subscriptions})
        yield self._gauge(
            "comet_outbox_bytes", "What waits for browsers that read slowly.", {(): sizes.outbox}
        )

    def _messages(self, status: ServerStatus) -> Iterator[Metric]:
        for name, count in asdict(status.delivery).items():
            yield self._counter(f"comet_messages_{name}", _MESSAGES[name], {(): count})
        yield self._counter(
            "comet_refused",
            "What was refused to browsers, by reason.",
            {(reason.value,): status.refused[reason] for reason in Reason},
            "reason",
        )
        yield self._counter(
            "comet_goodbyes",
            "Browsers that were sent away, by reason.",
            {(goodbye.name.lower(),): status.goodbyes[goodbye] for goodbye in Goodbye},
            "reason",
        )
        presence = status.presence
        for name, doc, count in (
            (
                "comet_presence_rows_lost",
                "Rows of the log of presence that the store did not take.",
                presence.lost,
            ),
            ("comet_webhook_deliveries", "Batches that the webhook has taken.", presence.deliveries),
            (
                "comet_webhook_failures",
                "Attempts to deliver to the webhook that have failed.",
                presence.failures,
            ),
            (
                "comet_webhook_rows_lost",
                "Rows that were dropped before the webhook took them.",
                presence.undelivered,
            ),
        ):
            yield self._counter(name, doc, {(): count})

    def _outboxes(self, outboxes: Mapping[str, OutboxStatus]) -> Iterator[Metric]:
        gauges: tuple[tuple[str, str, Callable[[OutboxStatus], float]], ...] = (
            ("comet_outboxes_ready", "Whether a table is followed: 1, or 0.", lambda each: each.works),
            ("comet_outboxes_waiting", "About how many rows wait.", lambda each: each.waiting),
            ("comet_outboxes_behind_seconds", "Since all rows were published.", lambda each: each.behind),
        )
        for name, doc, of in gauges:
            yield self._gauge(name, doc, {(key,): of(each) for key, each in outboxes.items()}, "outbox")
        counters: tuple[tuple[str, str, Callable[[OutboxStatus], float]], ...] = (
            ("comet_outboxes_published", "Rows that were published.", lambda each: each.published),
            ("comet_outboxes_refused", "Rows that were set aside.", lambda each: each.refused),
            ("comet_outboxes_failures", "Attempts that have failed.", lambda each: each.failures),
        )
        for name, doc, of in counters:
            yield self._counter(name, doc, {(key,): of(each) for key, each in outboxes.items()}, "outbox")

    def _calls(self, video: VideoStatus) -> Iterator[Metric]:
        rooms: dict[tuple[str, ...], float] = {("call", Topology.MESH.value): video.calls}
        for topology in Topology:
            rooms["room", topology.value] = video.rooms.get(topology, 0)
        yield self._gauge(
            "comet_video_rooms",
            "Calls and rooms, on all servers, by the way of media.",
            rooms,
            *("kind", "topology"),
        )
        yield self._gauge("comet_video_seats", "Devices in calls and rooms.", {(): video.seats})
        yield self._gauge("comet_video_rings", "What rings, from this server.", {(): video.rings})
        tally = video.tally
        yield self._counter(
            "comet_video_rings_begun",
            "Calls, and invitations into rooms.",
            {(kind.value,): tally.begun[kind] for kind in Purpose},
            "kind",
        )
        yield self._counter(
            "comet_video_rings_ended",
            "What has become of them.",
            {(kind.value, how.value): tally.over[kind, how] for kind in Purpose for how in ENDS},
            *("kind", "reason"),
        )
        yield self._counter(
            "comet_video_signals",
            "Signals of pages to each other, or to the media server.",
            {(): tally.signals},
        )
        yield self._counter(
            "comet_video_refused",
            "What clients asked of calls and rooms in vain, by the name of the error.",
            {(name,): tally.refused[name] for name in REFUSALS},
            "reason",
        )

    def _gauge(self, name: str, doc: str, values: Mapping[tuple[str, ...], float], *labels: str) -> Metric:
        family = GaugeMetricFamily(name, doc, labels=("node", *labels))
        for key, value in values.items():
            family.add_metric((self._node, *key), value)
        return family

    def _counter(self, name: str, doc: str, values: Mapping[tuple[str, ...], float], *labels: str) -> Metric:
        family = CounterMetricFamily(name, doc, labels=("node", *labels))
        for key, value in values.items():
            family.add_metric((self._node, *key), value)
        return family

    def _histogram(
        self, name: str, doc: str, values: Mapping[tuple[str, ...], Durations], *labels: str
    ) -> Metric:
        family = HistogramMetricFamily(name, doc, labels=("node", *labels))
        for key, durations in values.items():
            family.add_metric((self._node, *key), list(durations.buckets()), durations.total)
        return family


class _OfNode(Collector):
    """What another collector tells, with the name of the server."""

    def __init__(self, inner: Collector, node: str) -> None:
        self._inner, self._node = inner, node

    def collect(self) -> Iterator[Metric]:
        """Called by the registry."""
        for family in self._inner.collect():
            family.samples = [
                sample._replace(labels={"node": self._node, **sample.labels}) for sample in family.samples
            ]
            yield family


class Metrics:
    """The metrics of one process, as text."""

    def __init__(self, node: str, collector: Collector) -> None:
        """@param node: the name of the server."""
        self._registry = CollectorRegistry()
        self._registry.register(collector)
        self._registry.register(_OfNode(ProcessCollector(registry=None), node))

    def text(self) -> str:
        """@return: all metrics, as they are now."""
        return generate_latest(self._registry).decode()


def joined(texts: Iterable[str]) -> str:
    """
    @param texts: the metrics of several processes, of the same version or not.
    @return: them as one text, in which each name is declared once.
    """
    families: dict[str, Metric] = {}
    for text in texts:
        for family in text_string_to_metric_families(text):
            known = families.setdefault(family.name, family)
            if known is not family:
                known.samples += family.samples
    registry = CollectorRegistry()
    registry.register(_Ready(families.values()))
    return generate_latest(registry).decode()


class _Ready(Collector):
    """Families that are there already."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> Iterator[Metric]:
        """Called by the registry."""
        return iter(self._families)


def _python() -> str:
    return ".".join(map(str, sys.version_info[:3]))
