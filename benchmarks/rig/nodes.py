"""Several servers that are one, over a Redis, each with an empty store of its own."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from rig.process import Family
from rig.redis import Redis
from rig.server import Server


class Nodes(Family):
    """
    Running servers, measured together with their Redis.

    @ivar servers: each by itself.
    """

    def __init__(self, program: str, count: int, folder: Path, core: int | None) -> None:
        """
        @param program: a Redis.
        @param count: how many servers.
        @param core: the one that all run on, C{None} for any.
        """
        with ExitStack() as stack:
            redis = stack.enter_context(Redis(program, folder, core))
            self.servers = [
                stack.enter_context(_node(f"node{number}", redis.url, folder, core))
                for number in range(count)
            ]
            super().__init__(redis.child.pid, *(server.child.pid for server in self.servers))
            self._running = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.close()


def _node(name: str, redis: str, folder: Path, core: int | None) -> Server:
    place = folder / name
    place.mkdir()
    return Server(place, core, settings={"main": {"node_name": name}, "cluster": {"redis": redis}})
