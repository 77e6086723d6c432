"""
The store over C{twisted.enterprise.adbapi}: SQLite, and what it has in common with other databases.

Writes are committed in groups. While one group is being committed in a thread, further writes wait in a
list; when it is done they become the next group. So the number of commits follows the speed of the disk
while the number of writes follows the load, and every write is answered after its own commit.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from twisted.enterprise.adbapi import ConnectionPool
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorThreads
from twisted.logger import Logger
from twisted.python.failure import Failure

from comet.errors import Away, CometError, Unavailable, Uncertain
from comet.model import Channel, Message, Place, PrivateMessage, User
from comet.storage import migrations, queries
from comet.storage.cursors import Cursor, Query
from comet.storage.interface import Queued, Store, Stretch
from comet.storage.listings import Most
from comet.storage.sql_listings import SQLListings
from comet.storage.sql_outboxes import SQLOutboxes
from comet.storage.sql_presences import SQLPresences
from comet.storage.sql_records import SQLRecords
from comet.storage.sql_rules import SQLRules
from comet.storage.writes import Write

#: The most writes in one transaction: more would make those at its head wait for too many others.
GROUP_LIMIT = 500

#: A query that waits to be committed: the function, its arguments, who waits.
Waiting = tuple[Query, tuple[Any, ...], "Deferred[Any]"]


def sqlite_pool(path: Path, reactor: IReactorThreads) -> ConnectionPool:
    """@return: connections to the SQLite database in the file C{path}, which is created if need be."""

    def configure(connection: sqlite3.Connection) -> None:
        # WAL lets readers go on during a commit; FULL makes each commit survive the loss of power, too
        # (https://www.sqlite.org/pragma.html#pragma_synchronous).
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")

    pool: ConnectionPool = ConnectionPool(
        "sqlite3",
        str(path),
        check_same_thread=False,
        timeout=10.0,
        cp_min=1,
        cp_max=4,
        cp_openfun=configure,
        cp_reactor=reactor,
        cp_noisy=False,
    )
    return pool


def attempt(transaction: Cursor, writes: list[Waiting]) -> list[Any]:
    """@return: what each write has returned."""
    return [function(transaction, *arguments) for function, arguments, _ in writes]


def attempt_alone(transaction: Cursor, writes: list[Waiting]) -> list[Any]:
    """
    Do all writes while no other process writes. To begin with that is to wait for the others here: a
    transaction that has read before it writes could not wait any more, as what it has read may be old.

    @return: what each has returned.
    """
    transaction.execute("BEGIN IMMEDIATE")
    return attempt(transaction, writes)


def snapshot(transaction: Cursor, function: Query, *arguments: Any) -> Any:
    """@return: what C{function} has returned; all it reads is of one moment, whoever writes meanwhile."""
    transaction.execute("BEGIN")
    return function(transaction, *arguments)


def _refuse(group: list[Waiting], error: Unavailable) -> None:
    for _, _, done in group:
        done.errback(Failure(error))


class SQLStore(SQLRecords, SQLRules, SQLListings, SQLPresences, SQLOutboxes, Store):
    """
    A L{Store} in a database.

    @ivar problem: why it does not work now; nothing if it does.
    """

    _log = Logger()

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool
        self.problem = ""
        self._waiting: list[Waiting] = []
        self._busy = self._stopped = False
        self._committed: Deferred[None] = succeed(None)

    async def start(self) -> None:
        """Create or migrate the schema."""
        try:
            found = await self._pool.runInteraction(migrations.migrate)
        except CometError:
            raise
        except Exception as error:
            raise self._unavailable(error) from error
        self._log.debug("the store had schema version {found}", found=found)

    async def stop(self) -> None:
        """Commit what waits, then close; once is enough."""
        while self._busy:
            await self._committed
        if not self._stopped:
            self._stopped = True
            self._pool.close()

    # Reads and writes -------------------------------------------------------------------------------------

    async def _read(self, function: Query, *arguments: Any) -> Any:
        try:
            return await self._transact(function, *arguments)
        except CometError:
            raise
        except Exception as error:
            raise self._unavailable(error) from error

    async def _transact(self, function: Query, *arguments: Any) -> Any:
        """@return: what C{function} of a cursor has returned, in a transaction of its own."""
        return await self._pool.runInteraction(snapshot, function, *arguments)

    async def _transact_group(self, group: list[Waiting]) -> list[Any]:
        """@return: what the writes of a group have returned, in one transaction."""
        results: list[Any] = await self._pool.runInteraction(attempt_alone, group)
        return results

    async def _write(self, function: Query, *arguments: Any) -> Any:
        done: Deferred[Any] = Deferred()
        self._waiting.append((function, arguments, done))
        if not self._busy:
            self._busy = True
            self._committed = Deferred.fromCoroutine(self._commit())
        return await done

    async def _commit(self) -> None:
        """Commit one group after the other until nothing waits."""
        while self._waiting:
            group, self._waiting = self._waiting[:GROUP_LIMIT], self._waiting[GROUP_LIMIT:]
            try:
                results = await self._transact_group(group)
            except Away as error:
                # Those that have come meanwhile would wait as long, for the same answer.
                group, self._waiting = [*group, *self._waiting], []
                _refuse(group, error)
            except Uncertain as error:
                _refuse(group, error)
            except Exception as error:
                await self._commit_singly(group, error)
            else:
                for (_, _, done), result in zip(group, results, strict=True):
                    done.callback(result)
        self._busy = False

    async def _commit_singly(self, group: list[Waiting], error: Exception) -> None:
        """One write of a group has failed, and with it the group: try each by itself."""
        for place, (function, arguments, done) in enumerate(group):
            if len(group) > 1:
                try:
                    (result,) = await self._transact_group([(function, arguments, done)])
                    done.callback(result)
                    continue
                except Away as away:
                    _refuse(group[place:], away)
                    return
                except Exception as own_error:
                    error = own_error
            done.errback(Failure(error if isinstance(error, Unavailable) else self._unavailable(error)))

    def _unavailable(self, error: Exception) -> Unavailable:
        self._log.error("the store failed: {error!r}", error=error)
        return Unavailable(f"the store failed: {self._reason(error)}")

    def _reason(self, error: Exception) -> str:
        return str(error)

    # What a store does ------------------------------------------------------------------------------------

    async def apply(self, writes: Sequence[Write]) -> list[Any]:
        """See L{Store.apply}."""
        results: list[Any] = await self._write(queries.apply, writes)
        return results

    async def set_key(self, user: User, key: str) -> None:
        """See L{Store.set_key}."""
        await self._write(queries.set_key, user, key)

    async def keys(self, users: Collection[User]) -> dict[User, str]:
        """See L{Store.keys}."""
        found: dict[User, str] = await self._read(queries.keys, users)
        return found

    async def remove_keys(self, users: Collection[User]) -> int:
        """See L{Store.remove_keys}."""
        return int(await self._write(queries.remove_keys, users))

    async def set_last_seen(self, user: User, time: int) -> None:
        """See L{Store.set_last_seen}."""
        await self._write(queries.set_last_seen, user, time)

    async def last_seen(self, users: Collection[User]) -> dict[User, int]:
        """See L{Store.last_seen}."""
        found: dict[User, int] = await self._read(queries.last_seen, users)
        return found

    async def set_length(self, channel: Channel, length: int) -> None:
        """See L{Store.set_length}."""
        await self._write(queries.set_length, channel, length)

    async def lengths(self) -> dict[Channel, int]:
        """See L{Store.lengths}."""
        found: dict[Channel, int] = await self._read(queries.lengths)
        return found

    async def remove_channels(self, channels: Collection[Channel]) -> int:
        """See L{Store.remove_channels}."""
        return int(await self._write(queries.remove_channels, channels))

    async def append(self, message: Message, keep: int) -> Place:
        """See L{Store.append}."""
        place: Place = await self._write(queries.append, message, keep)
        return place

    async def history(self, channel: Channel, limit: int) -> list[Message]:
        """See L{Store.history}."""
        found: list[Message] = await self._read(queries.history, channel, limit)
        return found

    async def since(self, channel: Channel, position: int, most: Most) -> Stretch:
        """See L{Store.since}."""
        found: Stretch = await self._read(queries.since, channel, position, most)
        return found

    async def places(self, channels: Collection[Channel]) -> dict[Channel, Place]:
        """See L{Store.places}."""
        found: dict[Channel, Place] = await self._read(queries.places, channels)
        return found

    async def remove_history(self, channels: Collection[Channel]) -> int:
        """See L{Store.remove_history}."""
        return int(await self._write(queries.remove_history, channels))

    async def count_messages(self, dev_id: int, ids: Collection[str]) -> int:
        """See L{Store.count_messages}."""
        return int(await self._read(queries.count_messages, dev_id, ids))

    async def remove_messages(self, dev_id: int, ids: Collection[str]) -> int:
        """See L{Store.remove_messages}."""
        return int(await self._write(queries.remove_messages, dev_id, ids))

    async def enqueue(self, message: PrivateMessage, keep: int) -> Queued:
        """See L{Store.enqueue}."""
        queued: Queued = await self._write(queries.enqueue, message, keep)
        return queued

    async def deposit(self, message: PrivateMessage) -> int:
        """See L{Store.deposit}."""
        return int(await self._write(queries.deposit, message))

    async def queue(self, user: User) -> list[PrivateMessage]:
        """See L{Store.queue}."""
        found: list[PrivateMessage] = await self._read(queries.queue, user)
        return found

    async def dequeue(self, user: User, numbers: Collection[int]) -> int:
        """See L{Store.dequeue}."""
        return int(await self._write(queries.dequeue, user, numbers))

    async def acknowledge(self, user: User, number: int) -> int:
        """See L{Store.acknowledge}."""
        return int(await self._write(queries.acknowledge, user, number))

    async def remove_queues(self, users: Collection[User]) -> int:
        """See L{Store.remove_queues}."""
        return int(await self._write(queries.remove_queues, users))
