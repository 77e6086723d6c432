"""One channel, as somebody hears it who has signed in to the console."""

from __future__ import annotations

from typing import Any

from comet.connections import About
from comet.identity import Claims, Identity, Right
from comet.session import Session

#: Nobody in particular, who may hear whatever the tenant has not closed to everybody.
LISTENER = Identity(claims=Claims(prefixes={Right.SUBSCRIBE: ("",)}))


class Tail(Session):
    """A session that may listen as the tenant whose key has opened it."""

    def __init__(self, *arguments: Any, by_key: bool, **more: Any) -> None:
        """
        @param by_key: whether it ends when the tenant's own key does not open it any more.
        @param arguments: for L{Session}, as is C{more}.
        """
        super().__init__(*arguments, **more)
        self.identity, self._by_key = LISTENER, by_key

    @property
    def about(self) -> About:
        """See L{Session.about}."""
        return super().about._replace(by_key=self._by_key)
