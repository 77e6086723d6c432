"""Why somebody was refused at the edge, counted, so that SHOW STATUS can tell it."""

from __future__ import annotations

from collections import Counter
from enum import Enum


class Reason(Enum):
    """Why; the value is the name of the counter."""

    HEAD = "head"
    BODY = "body"
    BROWSERS = "browsers"
    ADDRESS_CONNECTIONS = "address_connections"
    ADDRESS_CONNECTS = "address_connects"
    ADDRESS_REQUESTS = "address_requests"
    ORIGIN = "origin"
    MESSAGES = "messages"


#: How often each has happened since the start.
Refusals = Counter[Reason]
