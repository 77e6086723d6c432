"""What a command of the JSON protocol is to those who read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from comet.model import Command, Json

Object: TypeAlias = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Word:
    """
    A command of the protocol.

    @ivar kind: what it means to us.
    @ivar read: makes that of its keys.
    @ivar asks: whether it is of no use without an id.
    """

    kind: type[Command]
    read: Callable[[Object], Command]
    asks: bool = False
