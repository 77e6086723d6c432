"""Who a client is, and which rights in channels a token has given it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from comet.errors import BadValue
from comet.model import NAME_LIMIT

#: What stands at the end of a pattern for all names that begin so.
STAR = "*"
_PATTERN = re.compile(rf"[A-Za-z0-9_-]{{1,{NAME_LIMIT}}}\*?|\*")


class Right(Enum):
    """What a client may do with a channel; the value is its name in SQL and in tokens."""

    SUBSCRIBE = "subscribe"
    PUBLISH = "publish"
    HISTORY = "history"
    MEMBERS = "members"
    COUNT = "count"


_RIGHTS = {right.value: right for right in Right}


@dataclass(frozen=True, slots=True)
class Claims:
    """
    The channels that a token names, for each right.

    @ivar names: whole names.
    @ivar prefixes: the beginnings of names.
    """

    names: Mapping[Right, frozenset[str]] = field(default_factory=dict)
    prefixes: Mapping[Right, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def read(cls, claim: object, most: int) -> Claims:
        """
        @param claim: such as C{{"subscribe": ["news", "chat_*"]}}.
        @param most: how many patterns it may have in all.
        @raise BadValue: if it is anything else; nothing of it is taken then.
        """
        if not isinstance(claim, dict):
            raise BadValue("the claim channels is no object")
        names: dict[Right, frozenset[str]] = {}
        prefixes: dict[Right, tuple[str, ...]] = {}
        for word, patterns in claim.items():
            right = _RIGHTS.get(word)
            if right is None or not isinstance(patterns, list):
                raise BadValue(f"the claim channels takes lists by the names {', '.join(_RIGHTS)}")
            most -= len(patterns)
            if most < 0:
                raise BadValue("the claim channels has too many patterns")
            if not all(isinstance(pattern, str) and _PATTERN.fullmatch(pattern) for pattern in patterns):
                raise BadValue("the claim channels takes names of channels, which may end in *")
            names[right] = frozenset(pattern for pattern in patterns if not pattern.endswith(STAR))
            prefixes[right] = tuple(pattern[:-1] for pattern in patterns if pattern.endswith(STAR))
        return cls(names, prefixes)

    def grant(self, right: Right, name: str) -> bool:
        """@return: whether the channel C{name} is named for C{right}."""
        return name in self.names.get(right, ()) or name.startswith(self.prefixes.get(right, ()))


NO_CLAIMS = Claims()


@dataclass(frozen=True, slots=True)
class Identity:
    """
    Who a client is, as far as it has proved it.

    @ivar user_id: 0 for nobody known.
    """

    user_id: int = 0
    claims: Claims = NO_CLAIMS


#: Nobody known.
ANONYMOUS = Identity()


@dataclass(frozen=True, slots=True)
class Proof:
    """
    What has proved who a client is.

    @ivar key: the key to go on with, empty if there is none.
    @ivar expires: until when it counts, in seconds since 1970; C{None} for as long as the key is there.
    """

    key: str = field(repr=False)
    claims: Claims = NO_CLAIMS
    expires: float | None = None
