"""Rows of an outbox as messages: admitted as an INSERT would be, and published together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from comet.batch import Action
from comet.broker import Broker
from comet.cometql.results import Value
from comet.cometql.tables.pipes import PipesMessages
from comet.cometql.tables.table import AnyTable
from comet.cometql.tables.users import UsersMessages
from comet.errors import Refused
from comet.following.feed import Row


class Publisher:
    """Publishes rows for one tenant."""

    def __init__(self, broker: Broker, dev_id: int) -> None:
        self._broker, self._dev_id = broker, dev_id
        self._channels, self._users = PipesMessages(broker), UsersMessages(broker)

    async def publish(self, rows: Sequence[Row]) -> list[tuple[int, str]]:
        """
        Publish C{rows} in their order, all that can be.

        @return: the numbers of those that cannot, each with the reason.
        @raise Refused: if nothing can be published now, as the store does not work.
        """
        actions, refused = [], []
        for row in rows:
            try:
                actions.append(self._action(row))
            except Refused as error:
                refused.append((row.id, str(error)))
        if actions:
            await self._broker.commit(actions)
        return refused

    def _action(self, row: Row) -> Action:
        event = "" if row.event is None else row.event
        if row.user_id in (None, 0, ""):
            return self._of(self._channels, name=row.name, event=event, message=row.message)
        return self._of(self._users, id=row.user_id, event=event, message=row.message)

    def _of(self, table: AnyTable, **values: Value) -> Action:
        row: list[Any] = [values.get(column.name, column.default) for column in table.declared]
        return table.writing(table.admit(self._dev_id, row))
