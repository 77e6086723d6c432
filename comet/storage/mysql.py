"""
The store in a MariaDB or MySQL server, which others may share.

A transaction that another one is in the way of is tried again after a pause, one that was lost with its
connection once. When the answer to a COMMIT was lost, the database itself is asked whether it took place:
each transaction counts up a row of this process. So no write is done twice, and none is taken for done that
is not.
"""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Callable
from typing import Any

from pymysql.err import OperationalError
from twisted.enterprise.adbapi import ConnectionPool
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger

from comet.errors import Away, CometError, Unavailable, Uncertain
from comet.storage import mysql_migrations
from comet.storage.cursors import Cursor, Query
from comet.storage.mysql_errors import CommitUnknown, Verdict, advise, code_of, explain, judge
from comet.storage.mysql_link import Door, Link
from comet.storage.mysql_server import Server
from comet.storage.sql import SQLStore, Waiting, attempt

#: How long to wait before a transaction is tried again that another one was in the way of, in seconds.
PAUSES = (0.01, 0.03, 0.1, 0.3, 1.0)
#: How often to look whether the database is back, in seconds.
PROBE_SECONDS = 1.0
#: Between two tries at the start, in seconds.
START_SECONDS = 5.0
#: How long a change of the schema may take, in seconds.
MIGRATION_SECONDS = 3_600
#: Rows of processes that have not written for so long are removed, in seconds.
WRITERS_SECONDS = 7 * 86_400


def mysql_pool(server: Server, size: int, reactor: Any) -> ConnectionPool:
    """@return: at most C{size} connections to the server, each made when it is needed."""
    pool: ConnectionPool = ConnectionPool(
        "comet.storage.mysql_link", server, Door(), cp_min=1, cp_max=size, cp_reactor=reactor, cp_noisy=False
    )
    return pool


class MySQLStore(SQLStore):
    """See L{comet.storage.interface.Store}."""

    _log = Logger()

    def __init__(
        self,
        server: Server,
        reactor: Any,
        size: int = 4,
        attempts: int = 1,
        message_limit: int = 0,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """
        @param size: the most connections.
        @param attempts: how often to try to reach the server at the start.
        @param message_limit: the longest message, in bytes.
        @param chance: gives numbers from 0 to 1.
        """
        super().__init__(mysql_pool(server, size, reactor))
        self._server, self._reactor, self._attempts = server, reactor, attempts
        self._message_limit, self._chance = message_limit, chance
        self._writer, self._number = secrets.token_hex(16), 0
        self._probe: Any = None

    # Life -------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Wait for the server, and create or migrate the schema."""
        for left in reversed(range(self._attempts)):
            try:
                found = await deferToThreadPool(self._reactor, self._pool.threadpool, self._migrate)
                break
            except CometError:
                raise
            except Exception as error:
                if not left or judge(error) is not Verdict.LOST or self._stopped:
                    raise Unavailable(f"the store failed: {explain(error, self._server)}") from error
                self._log.warn("waiting for the {reason}", reason=explain(error, self._server))
                await self._sleep(START_SECONDS)
        self._log.debug("the store had schema version {found}", found=found)
        await self._write(_forget_writers, int(time.time()) - WRITERS_SECONDS)

    def _migrate(self) -> int:
        link = Link(self._server.patient(MIGRATION_SECONDS), Door())
        try:
            return mysql_migrations.migrate(link.cursor(), self._message_limit)
        finally:
            link.close()

    async def stop(self) -> None:
        """Commit what waits, then close; once is enough."""
        if self._probe is not None and self._probe.active():
            self._probe.cancel()
        await super().stop()

    # Transactions -----------------------------------------------------------------------------------------

    async def _transact(self, function: Query, *arguments: Any) -> Any:
        return await self._try(self._run_read, function, *arguments)

    async def _run_read(self, function: Query, *arguments: Any) -> Any:
        try:
            return await self._pool.runInteraction(function, *arguments)
        except CommitUnknown as error:
            raise OperationalError(*error.args) from error

    async def _transact_group(self, group: list[Waiting]) -> list[Any]:
        self._number += 1
        number, results = self._number, list[Any]()
        try:
            return list(await self._try(self._run_group, group, number, results))
        except CommitUnknown as error:
            raise Uncertain(
                "the database was lost while it committed: whether this was written is not known; look before"
                " you write it again"
            ) from error

    async def _run_group(self, group: list[Waiting], number: int, results: list[Any]) -> list[Any]:
        try:
            await self._pool.runInteraction(_write_group, group, results, self._writer, number)
        except CommitUnknown as error:
            if not await self._was_committed(number, error):
                raise OperationalError(*error.args) from error
        return results

    async def _was_committed(self, number: int, unknown: CommitUnknown) -> bool:
        """@raise CommitUnknown: if the database cannot be asked in time."""
        deadline = self._reactor.seconds() + self._server.timeout
        while self._reactor.seconds() < deadline:
            try:
                # The row is held by the transaction in question for as long as that has not ended.
                return bool(await self._run_read(_has_committed, self._writer, number))
            except Exception as error:
                if judge(error) is Verdict.REFUSED:
                    break
                self._away(error)
                await self._sleep(PROBE_SECONDS / 2)
        raise unknown

    async def _try(self, run: Callable[..., Any], *arguments: Any) -> Any:
        """Run a transaction; again, where that is right."""
        pauses, lost = iter(PAUSES), 0
        while True:
            try:
                result = await run(*arguments)
            except Exception as error:
                verdict = judge(error)
                pause = next(pauses, None) if verdict is Verdict.AGAIN else None
                if verdict is Verdict.LOST:
                    lost += 1
                    if lost > 1:
                        raise self._away(error) from error
                elif pause is None:
                    raise
                else:
                    await self._sleep(pause * (0.5 + self._chance()))
            else:
                self._back()
                return result

    def _sleep(self, seconds: float) -> Deferred[None]:
        return deferLater(self._reactor, seconds)

    # When the database is away ----------------------------------------------------------------------------

    def _away(self, error: Exception) -> Away:
        # What is told to clients, and to whoever asks for the health, names neither host nor user.
        sentence = f"the database cannot be reached for now (error {code_of(error)}); the log tells more"
        if not self.problem:
            self._log.error("lost the {reason}", reason=explain(error, self._server))
        self.problem = sentence
        if not self._stopped and (self._probe is None or not self._probe.active()):
            self._probe = self._reactor.callLater(PROBE_SECONDS, self._look)
        return Away(sentence)

    def _back(self) -> None:
        if self.problem:
            self.problem = ""
            self._log.info("the database is back")

    def _look(self) -> None:
        """See whether the database is back, without anybody waiting for it."""
        found: Deferred[Any] = self._pool.runInteraction(_nothing)
        found.addCallbacks(lambda _: self._back(), lambda failure: self._stays_away(failure.value))

    def _stays_away(self, error: Exception) -> None:
        self._away(error)

    def _reason(self, error: Exception) -> str:
        return advise(error, self._server)


def _nothing(cursor: Cursor) -> None:
    cursor.execute("SELECT 1")
    cursor.fetchall()


def _write_group(cursor: Cursor, group: list[Waiting], results: list[Any], writer: str, number: int) -> None:
    cursor.execute(
        "REPLACE INTO comet_writers (writer, number, time) VALUES (?, ?, ?)",
        [writer, number, int(time.time())],
    )
    results[:] = attempt(cursor, group)


def _has_committed(cursor: Cursor, writer: str, number: int) -> bool:
    cursor.execute("SELECT number FROM comet_writers WHERE writer = ? FOR UPDATE", [writer])
    found = cursor.fetchone()
    return found is not None and found[0] == number


def _forget_writers(cursor: Cursor, before: int) -> None:
    cursor.execute("DELETE FROM comet_writers WHERE time < ?", [before])
