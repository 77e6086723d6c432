"""EXPLAIN INSERT: who would receive a message now, and what would be refused, without sending anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from comet.broker import Broker
from comet.cometql.context import Context
from comet.cometql.evaluate import Parameters
from comet.cometql.plans import InsertPlan, Plan
from comet.cometql.results import Column, Kind, Result, Rows, Value
from comet.cometql.statements import Insert
from comet.cometql.tables.conferences import Calling, Conference
from comet.cometql.tables.pipes import PipesMessages
from comet.cometql.tables.table import AnyTable
from comet.cometql.tables.users import UsersMessages
from comet.errors import NotSupported, Refused
from comet.hub import Subscriber
from comet.model import Message, PrivateMessage, User

#: The tables whose INSERT sends something.
SENDING = (PipesMessages, UsersMessages, Conference)


class ExplainInsertPlan(Plan):
    """Looks at the rows of an INSERT, one by one."""

    columns = (
        Column("row", Kind.BIGINT, 20),
        Column("receivers", Kind.BIGINT, 20),
        Column("transports", Kind.VARCHAR, 1 << 10),
        Column("queued", Kind.BIGINT, 20),
        Column("stored", Kind.BIGINT, 20),
        Column("refused", Kind.VARCHAR, 1 << 10, nullable=True),
    )

    def __init__(self, insert: Insert, table: AnyTable, slots: int) -> None:
        """@param slots: how many literals and bind marks the statement has."""
        if not isinstance(table, SENDING):
            raise NotSupported(f"EXPLAIN of INSERT INTO {table.name} is not supported: it sends nothing")
        self._insert = InsertPlan(insert, table, slots)

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """@return: a row for each row of the INSERT, in order."""
        found: list[tuple[Value, ...]] = []
        for number, admit in enumerate(self._insert.admissions(context, parameters), 1):
            try:
                entry = admit()
            except Refused as error:
                found.append((number, 0, "", 0, 0, error.wire_text()))
            else:
                found.append((number, *_outlook(context.broker, entry), None))
        return Rows(self.columns, found)


def _outlook(broker: Broker, entry: Message | PrivateMessage | Calling) -> tuple[int, str, int, int]:
    """@return: how many would receive C{entry}, by transport, and how many would be queued and stored."""
    receivers: tuple[Subscriber, ...] | list[Subscriber]
    if isinstance(entry, Message):
        receivers = broker.hub.subscribers(entry.channel)
        everywhere = broker.engine.count(entry.channel)
        return everywhere, _transports(receivers, everywhere), 0, int(broker.length(entry.channel) > 0)
    if isinstance(entry, Calling):
        user, stored = User(entry.invitation.conference.dev_id, entry.invitation.user_id), 1
    else:
        user, stored = entry.user, 0
    receivers = broker.presence.devices(user)
    everywhere = len(receivers) + broker.engine.elsewhere(user)
    return everywhere, _transports(receivers, everywhere), int(not everywhere), stored


def _transports(receivers: Collection[Subscriber], everywhere: int) -> str:
    """
    @param everywhere: how many there are on all servers together.
    @return: how many there are of each transport and dialect, such as C{websocket/cppcomet: 3}.
    """
    forms = Counter(f"{each.form.transport}/{each.form.dialect.name}" for each in receivers)
    elsewhere = everywhere - len(receivers)
    there = [f"on other servers: {elsewhere}"] if elsewhere > 0 else []
    return ", ".join([*(f"{name}: {number}" for name, number in sorted(forms.items())), *there])
