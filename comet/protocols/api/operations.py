"""
What the HTTP API does: the tables of CometQL, asked as statements would ask them.

Rows are admitted by the tables and written by the broker in one batch, so rules, limits and the texts of
errors are those of SQL, and what one request brings takes effect as a whole or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from comet import access
from comet.batch import Action, Batch
from comet.broker import Broker
from comet.cometql.tables.catalogue import Catalogue
from comet.cometql.tables.conferences import Conference, ConferenceMembers
from comet.cometql.tables.pipes import Pipes, PipesMessages, PipesSettings, UsersInPipes, kept
from comet.cometql.tables.records import RevokedTokens
from comet.cometql.tables.table import AnyTable
from comet.cometql.tables.users import UsersAuth, UsersMessages, UsersTime
from comet.errors import Refused, TooFast, TransactionTooLarge
from comet.identity import Right
from comet.model import NOWHERE, Message, Place, User
from comet.protocols.api.callers import Caller
from comet.protocols.api.problems import Problem
from comet.protocols.api.rows import MANY, Form, is_many, items, shown
from comet.refusals import Reason
from comet.resuming import joint
from comet.storage.listings import Most
from comet.video.desk import ROOM_PREFIX

#: What users see of those who listen, and of those in a room; the rest is for the backend.
MEMBER_COLUMNS = ("user_id", "user_uuid")
PARTICIPANT_COLUMNS = tuple(column.name for column in ConferenceMembers.declared if column.name != "node")


@dataclass(frozen=True, slots=True)
class Call:
    """
    One request, read.

    @ivar given: the values of its parameters and of the parts of its path, by name.
    @ivar form: what its body is read by, if it has one.
    @ivar body: the body, a value of JSON.
    """

    caller: Caller
    given: Mapping[str, Any] = field(default_factory=dict)
    form: Form | None = None
    body: Any = None


class Operations:
    """The operations; each is given a call, and returns a value for JSON or raises."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._catalogue = Catalogue(broker)

    def _table(self, kind: type[AnyTable]) -> AnyTable:
        return self._catalogue.find(kind.name)

    # Writing ----------------------------------------------------------------------------------------------

    def _admit(self, call: Call, fixed: Mapping[str, Any] | None = None) -> list[Any]:
        """
        @param fixed: columns that the path gives.
        @return: what the body has for its table, with nothing done yet.
        @raise Problem: if something of it is refused.
        """
        assert call.form is not None
        dev_id, table = call.caller.dev_id, self._table(call.form.table)
        if not is_many(call.body):
            return [table.admit(dev_id, call.form.row(call.body, fixed or {}))]
        found, most = items(call.body), self._broker.limits.transaction_statements
        if len(found) > most:
            raise TransactionTooLarge(
                f"Got {len(found)} messages, at most {most}, the limit [limits] transaction_statements"
            )
        entries = []
        for index, item in enumerate(found):
            try:
                entries.append(table.admit(dev_id, call.form.row(item, {})))
            except Refused as error:
                raise Problem.of(error, index=index) from None
        return entries

    async def _write(self, kind: type[AnyTable], entries: Sequence[Any]) -> dict[str, int]:
        """Give all entries their effect together. @return: how many they are."""
        table = self._table(kind)
        await self._broker.commit([table.writing(entry) for entry in entries])
        return {"accepted": len(entries)}

    async def _remove(self, kind: type[AnyTable], call: Call, key: str) -> dict[str, int]:
        """Remove the row with the key that the path gives. @return: how many rows were removed."""
        return {"removed": await self._table(kind).remove(call.caller.dev_id, [call.given[key]])}

    async def publish(self, call: Call) -> dict[str, int]:
        """Send messages to channels; those of a user are sent in the name of that user."""
        entries: list[Message] = self._admit(call)
        if (user := call.caller.user) is None:
            return await self._write(PipesMessages, entries)
        many = is_many(call.body)
        for index, entry in enumerate(entries):
            try:
                call.caller.check(self._broker.rights, Right.PUBLISH, entry.channel.name)
                self._keep_pace(user)
            except Refused as error:
                raise Problem.of(error, index=index if many else None) from None
        await self._broker.commit([self._saying(user, entry) for entry in entries])
        return {"accepted": len(entries)}

    def _keep_pace(self, user: User) -> None:
        """@raise TooFast: if C{user} says more in a second than may be said in browsers."""
        pace = self._broker.pace
        if not pace.users.take(user, pace.clock()):
            self._broker.refusals[Reason.MESSAGES] += 1
            raise TooFast(f"at most {pace.rate.per_second:g} messages in a second")

    def _saying(self, user: User, entry: Message) -> Action:
        """@return: what sends a message in the name of C{user}."""
        message = replace(entry, user_id=user.user_id)

        def whisper(batch: Batch) -> None:
            batch.follow(lambda _: self._broker.whisper(user, message, None))

        return whisper if access.is_own(entry.channel.name) else self._broker.publishing(message)

    async def send_private(self, call: Call) -> dict[str, int]:
        """Send messages to users."""
        return await self._write(UsersMessages, self._admit(call))

    async def set_channel(self, call: Call) -> dict[str, Any]:
        """Set how many messages a channel keeps."""
        name = call.given["name"]
        await self._write(PipesSettings, self._admit(call, {"name": name}))
        return await self.channel(call)

    async def remove_channel(self, call: Call) -> dict[str, int]:
        """Let a channel keep nothing more, and forget what it has kept."""
        return await self._remove(PipesSettings, call, "name")

    async def remove_history(self, call: Call) -> dict[str, int]:
        """Forget what a channel has kept."""
        return await self._remove(PipesMessages, call, "name")

    async def set_key(self, call: Call) -> dict[str, int]:
        """Give a user a key to sign in with."""
        return await self._write(UsersAuth, self._admit(call, {"id": call.given["id"]}))

    async def remove_key(self, call: Call) -> dict[str, int]:
        """Take the key of a user, and close the connections."""
        return await self._remove(UsersAuth, call, "id")

    async def revoke(self, call: Call) -> dict[str, int]:
        """Let nobody in with a token any more."""
        return await self._write(RevokedTokens, self._admit(call))

    async def disconnect(self, call: Call) -> dict[str, int]:
        """Close the connections of a user."""
        user = User(call.caller.dev_id, call.given["id"])
        return {"removed": await self._broker.engine.disconnect(user)}

    async def ring(self, call: Call) -> dict[str, int]:
        """Ring a user into a room."""
        return await self._write(Conference, self._admit(call, {"name": call.given["room"]}))

    async def take_out(self, call: Call) -> dict[str, int]:
        """Take a user out of a room or a call, and ring that one no more."""
        dev_id, table = call.caller.dev_id, self._table(Conference)
        rows = await table.removable(dev_id, [call.given["room"]])
        return {
            "removed": await table.remove_rows(dev_id, [row for row in rows if row[1] == call.given["id"]])
        }

    # Reading ----------------------------------------------------------------------------------------------

    async def user(self, call: Call) -> dict[str, Any]:
        """@return: when one user was here last."""
        return (await self._seen(call, [call.given["id"]]))[0]

    async def users(self, call: Call) -> dict[str, Any]:
        """@return: when some users were here last."""
        return {"users": await self._seen(call, call.given["id"])}

    async def _seen(self, call: Call, ids: Sequence[int]) -> list[dict[str, Any]]:
        rows = await self._table(UsersTime).rows(call.caller.dev_id, ids)
        found = [shown(UsersTime, row) for row in rows]
        return [{**row, "online": row["time"] == 0} for row in found]

    async def channel(self, call: Call) -> dict[str, Any]:
        """@return: how many listen to a channel, how much it keeps, and how far it has counted."""
        name = call.given["name"]
        call.caller.check(self._broker.rights, Right.COUNT, name)
        channel = call.caller.channel(name)
        (row,) = await self._table(Pipes).rows(channel.dev_id, [channel.name])
        found = {**shown(Pipes, row), "name": name, "length": self._broker.length(channel)}
        place = Place(str(found["epoch"]), int(found["position"]))
        return {**found, "cursor": _cursor(place)}

    async def members(self, call: Call) -> dict[str, Any]:
        """@return: who listens to a channel."""
        name = call.given["name"]
        call.caller.check(self._broker.rights, Right.MEMBERS, name)
        channel = call.caller.channel(name)
        rows = await self._table(UsersInPipes).rows(channel.dev_id, [channel.name])
        columns = MEMBER_COLUMNS if call.caller.user else ()
        members = [shown(UsersInPipes, row, columns) for row in rows[: call.given["limit"]]]
        return {"members": members, "total": len(rows)}

    async def participants(self, call: Call) -> dict[str, Any]:
        """@return: who is in a room."""
        room = call.given["room"]
        call.caller.check(self._broker.rights, Right.MEMBERS, f"{ROOM_PREFIX}{room}")
        rows = await self._table(ConferenceMembers).rows(call.caller.dev_id, [room])
        columns = PARTICIPANT_COLUMNS if call.caller.user else ()
        members = [shown(ConferenceMembers, row, columns) for row in rows[: call.given["limit"]]]
        return {"members": members, "total": len(rows)}

    async def history(self, call: Call) -> dict[str, Any]:
        """@return: what a channel has kept: the newest of it, or what came after a cursor."""
        name, limit, since = call.given["name"], call.given["limit"], call.given["since"]
        call.caller.check(self._broker.rights, Right.HISTORY, name)
        channel, store, limits = call.caller.channel(name), self._broker.store, self._broker.limits
        gap = False
        if since is None:
            messages = await store.history(channel, min(limit, limits.history))
            place = (await store.places([channel])).get(channel, NOWHERE)
        else:
            most = Most(limits.history, limits.resume_bytes)
            found = joint(since, await store.since(channel, since.position, most), most)
            messages, (place, _, gap) = found.messages[:limit], found.joint
            if len(messages) < len(found.messages):
                place = messages[-1].place  # where the next answer is to go on
        told = [
            {**shown(PipesMessages, row), "cursor": _cursor(message.place)}
            for row, message in zip(kept(messages), messages, strict=True)
        ]
        return {MANY: told, "cursor": _cursor(place), "gap": gap}


def _cursor(place: Place) -> str | None:
    return str(place) if place.epoch else None
