"""Which bus a server joins."""

from __future__ import annotations

from typing import Any

from comet.cluster.bus import Bus
from comet.cluster.localbus import LocalBus
from comet.config import Config

#: How long a connection to Redis may take, in seconds.
CONNECT_SECONDS = 5.0


def make_bus(config: Config, local: LocalBus | None, reactor: Any) -> Bus | None:
    """
    @param local: the bus between the workers of this machine, in a worker.
    @return: the way to the other servers, not started yet; C{None} for a server that stands alone.
    @raise CannotStart: if a file that the configuration names is no good.
    """
    rules = config.cluster
    if config.redis is None:
        return local
    # Importing it takes Twisted's reactor for good, which twistd has chosen by now.
    from comet.cluster.redisbus import RedisBus
    from comet.cluster.redisdoor import Door

    door = Door(reactor, config.redis, CONNECT_SECONDS, rules.tls_ca)
    return RedisBus(reactor, door, rules.name, rules.timeout, rules.buffer)
