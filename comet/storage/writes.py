"""Writes that are described first and done later, several of them as one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Concatenate, ParamSpec

Arguments = ParamSpec("Arguments")


class Write:
    """
    A method of a store that writes, and what it is called with.

    The method is named as one of L{comet.storage.interface.Store}, so that its arguments are checked where
    the write is described; each store looks up by C{name} what it does itself.
    """

    __slots__ = ("arguments", "name")

    def __init__(
        self,
        method: Callable[Concatenate[Any, Arguments], Awaitable[Any]],
        *arguments: Arguments.args,
        **named: Arguments.kwargs,
    ) -> None:
        """@param method: such as C{Store.append}; its arguments are given in order."""
        if named:
            raise TypeError("the arguments of a write are given in order")
        self.name = method.__name__
        self.arguments = arguments

    def __repr__(self) -> str:
        return f"Write(Store.{self.name}, {', '.join(map(repr, self.arguments))})"
