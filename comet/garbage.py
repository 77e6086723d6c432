"""
How often Python looks for garbage: seldom, and not in what is there for good.

What a connection has goes when the connection goes, without the collector: nothing of it is kept alive in a
circle. So the collector finds next to nothing here, and its price is what it looks at. By default that is
what is new after every 700 objects, which are 40 connections, and now and then all there is, which holds
everything up for as long as it takes.
"""

from __future__ import annotations

import gc

#: After so many new objects these are looked at; after so many such looks, what survived them is looked at,
#: too; and after so many of the latter, everything may be. C{benchmarks/connections.py} shows what it brings.
THRESHOLDS = (5_000, 5, 50)


def settle() -> None:
    """
    The server has started: what there is now, it will always have.

    It is collected once, and not looked at from then on.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
