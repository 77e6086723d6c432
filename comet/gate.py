"""Who may come in: the limits on what one address opens and asks, however many it says it is."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

from comet import addresses
from comet.addresses import Proxies
from comet.limits import Limits
from comet.rates import Buckets, Rate
from comet.refusals import Reason, Refusals

#: Addresses whose pace is remembered.
ADDRESSES = 100_000
#: Somebody with too many open connections may try again after so many seconds.
RETRY_SECONDS = 10


class Gate:
    """
    Counts what each address has open and how fast it opens and asks.

    This machine itself and the trusted proxies are not counted; whom a proxy asks for is.

    @ivar proxies: those that are trusted.
    @ivar refusals: where every refusal is counted.
    """

    def __init__(
        self,
        limits: Limits,
        clock: Callable[[], float],
        proxies: Proxies | None = None,
        refusals: Refusals | None = None,
    ) -> None:
        """@param clock: seconds."""
        self.proxies = Proxies() if proxies is None else proxies
        self.refusals = Refusals() if refusals is None else refusals
        self._most, self._clock = limits.address_connections, clock
        self._open: Counter[str] = Counter()
        opening = Rate(limits.address_connects, limits.address_connects_burst)
        asking = Rate(limits.address_requests, limits.address_requests_burst)
        self._opening: Buckets[str] = Buckets(opening, ADDRESSES)
        self._asking: Buckets[str] = Buckets(asking, ADDRESSES)

    def counts(self, address: str) -> bool:
        """@return: whether what comes from this address is counted."""
        return not addresses.is_here(address) and not self.proxies.trusts(address)

    def enter(self, address: str) -> Reason | None:
        """
        A connection is opened.

        @return: why it may not be; C{None} if it may, then L{leave} has to be called at its end.
        """
        if not self.counts(address):
            return None
        line = addresses.line(address)
        if not self._opening.take(line, self._clock()):
            return self._refused(Reason.ADDRESS_CONNECTS)
        if self._most and self._open[line] >= self._most:
            return self._refused(Reason.ADDRESS_CONNECTIONS)
        self._open[line] += 1
        return None

    def leave(self, address: str) -> None:
        """A connection that has entered is gone."""
        if self.counts(address):
            line = addresses.line(address)
            self._open[line] -= 1
            if not self._open[line]:
                del self._open[line]

    def ask(self, address: str) -> Reason | None:
        """
        A request of HTTP is made.

        @return: why it may not be; C{None} if it may.
        """
        if not self.counts(address) or self._asking.take(addresses.line(address), self._clock()):
            return None
        return self._refused(Reason.ADDRESS_REQUESTS)

    def retry_after(self, reason: Reason, address: str) -> int:
        """@return: after how many whole seconds to try again."""
        buckets = {Reason.ADDRESS_CONNECTS: self._opening, Reason.ADDRESS_REQUESTS: self._asking}.get(reason)
        if buckets is None:
            return RETRY_SECONDS
        return max(1, math.ceil(buckets.wait(addresses.line(address), self._clock())))

    def _refused(self, reason: Reason) -> Reason:
        self.refusals[reason] += 1
        return reason
