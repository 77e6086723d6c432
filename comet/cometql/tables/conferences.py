"""Tables about conferences: who is invited, and who takes part."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from comet.batch import Action, storing
from comet.cometql import values
from comet.cometql.results import Kind, Value
from comet.cometql.tables.table import (
    TEXT_LENGTH,
    ChannelTable,
    Declared,
    Row,
    channels,
    name_column,
)
from comet.cometql.values import as_text
from comet.errors import KeyRequired
from comet.model import ID_LIMIT, NAME_LIMIT, Channel, check_name, is_name
from comet.storage.interface import Store
from comet.storage.listings import Most
from comet.storage.records import Invitation
from comet.storage.writes import Write


class _ConferenceTable(ChannelTable[Invitation]):
    """A table whose rows are looked up by the name of a conference, which may have one character only."""

    def lookup(self, value: Value) -> str | None:
        """@return: C{value} if it can be the name of a conference."""
        name = "" if value is None or isinstance(value, bytes) else as_text(value)
        return name if is_name(name, 1) else None


class Conference(_ConferenceTable):
    """Invitations to conferences."""

    name = "conference"
    doc = "Who is invited to a conference. Removing an invitation takes the name and the users."
    declared = (
        name_column("the conference", required=True),
        Declared("user_id", Kind.INT, 11, "who is invited", required=True, default=0),
        Declared("caller_id", Kind.INT, 11, "who invites", default=0),
        Declared("message", Kind.TEXT, TEXT_LENGTH, "what the site tells along with it", required=True),
        Declared("profile", Kind.VARCHAR, NAME_LIMIT, "the kind of conference", default="default"),
        Declared("stream", Kind.INT, 11, "the number of the stream, 0 for none", default=0),
        Declared("node", Kind.VARCHAR, NAME_LIMIT, "kept for old programs", ignored=True),
    )

    async def rows(self, dev_id: int, keys: Sequence[str]) -> Sequence[Row]:
        """@return: a row for each user invited to these conferences."""
        return list(map(_row, await self.broker.store.invitations(channels(dev_id, keys))))

    async def all_rows(self, dev_id: int, most: Most) -> Sequence[Row]:
        """@return: a row for each user invited to any conference."""
        return list(map(_row, await self.broker.store.all_invitations(dev_id, most)))

    def admit(self, dev_id: int, row: Sequence[Value]) -> Invitation:
        """@return: an invitation."""
        name, user_id, caller_id, message, profile, stream, _ = row
        return Invitation(
            Channel(dev_id, check_name(values.text(name, "name"), "column 'name'", 1)),
            values.user_id(user_id, "user_id", 0),
            values.user_id(caller_id, "caller_id", 0),
            values.bounded_text(message, "message", self.broker.limits.message),
            check_name(values.text(profile, "profile"), "column 'profile'", 1),
            values.integer_within(stream, "stream", -ID_LIMIT - 1, ID_LIMIT),
        )

    def writing(self, entry: Invitation) -> Action:
        """@return: what keeps the invitation in place of any other of this user to this conference."""
        return storing(Write(Store.invite, entry))

    def removing(self, dev_id: int, keys: Collection[str]) -> Action:
        """@raise KeyRequired: always: the name of a conference alone does not say whom to uninvite."""
        raise KeyRequired(f"DELETE of table '{self.name}' needs WHERE name = ... AND user_id IN (...)")

    def removing_rows(self, dev_id: int, rows: Sequence[Row]) -> list[Action]:
        """@return: what withdraws these invitations."""
        found: dict[str, list[int]] = {}
        for name, user_id, *_ in rows:
            if isinstance(name, str) and isinstance(user_id, int):
                found.setdefault(name, []).append(user_id)
        return [
            storing(Write(Store.withdraw, Channel(dev_id, name), invited)) for name, invited in found.items()
        ]


def _row(invitation: Invitation) -> Row:
    conference, user_id, caller_id, message, profile, stream = invitation
    return conference.name, user_id, caller_id, message, profile, stream, ""


class ConferenceMembers(_ConferenceTable):
    """Who takes part in conferences."""

    name = "conference_members"
    doc = "Who takes part in a conference now."
    declared = (
        name_column("the conference"),
        Declared("user_id", Kind.INT, 11, "who it is", default=0),
        Declared("join_time", Kind.BIGINT, 20, "for how many seconds", default=0),
        Declared("last_talking", Kind.BIGINT, 20, "how many seconds since the last word", default=0),
    )
    writable = False
    listable = True

    async def rows(self, dev_id: int, keys: Sequence[str]) -> Sequence[Row]:
        """@return: nothing: no conference is held here yet."""
        return ()

    async def all_rows(self, dev_id: int, most: Most) -> Sequence[Row]:
        """@return: nothing, as L{rows}."""
        return ()
