"""Which bus a server joins."""

from __future__ import annotations

from comet.cluster.bus import Bus
from comet.cluster.localbus import LocalBus
from comet.config import Config


def make_bus(config: Config, local: LocalBus | None) -> Bus | None:
    """
    @param local: the bus between the workers of this machine, in a worker.
    @return: the way to the other servers, not started yet; C{None} for a server that stands alone.
    """
    if config.cluster.redis:
        # The configuration refuses this key as long as there is no bus for it.
        raise NotImplementedError("clusters over Redis")
    return local
