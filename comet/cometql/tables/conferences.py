"""Tables about conferences: who is invited, and who takes part."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from comet.batch import Action, Batch, storing
from comet.cometql import values
from comet.cometql.results import Kind, Value
from comet.cometql.tables.table import (
    TEXT_LENGTH,
    ChannelTable,
    Declared,
    Entry,
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
from comet.video.conferences import Participant
from comet.video.model import Mode

_MODES = {mode.value: mode for mode in Mode}


class _ConferenceTable(ChannelTable[Entry]):
    """A table whose rows are looked up by the name of a conference, which may have one character only."""

    def lookup(self, value: Value) -> str | None:
        """@return: C{value} if it can be the name of a conference."""
        name = "" if value is None or isinstance(value, bytes) else as_text(value)
        return name if is_name(name, 1) else None


class Calling(NamedTuple):
    """An invitation, and what rings the user; C{None} where there is nobody to ring."""

    invitation: Invitation
    ring: Action | None


class Conference(_ConferenceTable[Calling]):
    """Invitations to conferences."""

    name = "conference"
    doc = "Rings a user into a room; shows who is invited, and takes users out."
    declared = (
        name_column("the room, which is made if there is none", required=True),
        Declared("user_id", Kind.INT, 11, "who is invited", required=True, default=0),
        Declared("caller_id", Kind.INT, 11, "who invites, and hears what becomes of it", default=0),
        Declared("message", Kind.TEXT, TEXT_LENGTH, "what the page is told along with it", required=True),
        Declared(
            *("profile", Kind.VARCHAR, NAME_LIMIT),
            "what is offered: audio, video or screen; all else is video",
            default="default",
        ),
        Declared("stream", Kind.INT, 11, "a number for old clients", default=0),
        Declared("node", Kind.VARCHAR, 320, "the FreeSWITCH that old clients are told of", ignored=True),
        Declared(
            *("expires", Kind.BIGINT, 20),
            "until when it rings, if nobody takes it, in seconds since 1970; 0 for what old versions kept",
            default=0,
            ignored=True,
            invisible=True,
        ),
    )

    async def rows(self, dev_id: int, keys: Sequence[str]) -> Sequence[Row]:
        """@return: a row for each user invited to these conferences."""
        return self._shown(await self.broker.store.invitations(channels(dev_id, keys)))

    async def all_rows(self, dev_id: int, most: Most) -> Sequence[Row]:
        """@return: a row for each user invited to any conference."""
        return self._shown(await self.broker.store.all_invitations(dev_id, most))

    def _shown(self, found: Iterable[Invitation]) -> list[Row]:
        node = self.broker.sip.node
        return [(each.conference.name, *each[1:6], node(each.conference), each.expires) for each in found]

    async def removable(self, dev_id: int, keys: Sequence[str]) -> Sequence[Row]:
        """
        @return: L{rows}, and one, with something behind its columns, for whoever else sits in these rooms, or
            is rung into them: by a page, or long ago.
        """
        rows = list(await self.rows(dev_id, keys))
        invited = {(name, user_id) for name, user_id, *_ in rows}
        for name in keys:
            others = self.broker.conferences.concerned(dev_id, name)
            rows += [
                (name, user_id, 0, "", "", 0, "", 0, True)
                for user_id in others
                if (name, user_id) not in invited
            ]
        return rows

    def admit(self, dev_id: int, row: Sequence[Value]) -> Calling:
        """@return: an invitation, and what rings."""
        name, user_id, caller_id, message, profile, stream, *_ = row
        invitation = Invitation(
            Channel(dev_id, check_name(values.text(name, "name"), "column 'name'", 1)),
            values.user_id(user_id, "user_id", 0),
            values.user_id(caller_id, "caller_id", 0),
            values.bounded_text(message, "message", self.broker.limits.message),
            check_name(values.text(profile, "profile"), "column 'profile'", 1),
            values.integer_within(stream, "stream", -ID_LIMIT - 1, ID_LIMIT),
        )
        mode = _MODES.get(invitation.profile.lower(), Mode.VIDEO)
        whom = (*invitation.conference, invitation.user_id, invitation.caller_id)
        ring = self.broker.conferences.ring(*whom, mode, invitation.message)
        # Everybody who is not signed in has the number 0.
        return Calling(invitation, ring if invitation.user_id else None)

    def writing(self, entry: Calling) -> Action:
        """@return: what keeps the invitation in place of any other of this user to it, and rings."""

        def put(batch: Batch) -> None:
            now = self.broker.now()
            invitation = entry.invitation._replace(expires=now + self.broker.hall.video.ring)
            batch.store(Write(Store.invite, invitation))
            if entry.ring is not None:
                batch.send(self.broker.sip.message(invitation, now))
                entry.ring(batch)

        return put

    def removing(self, dev_id: int, keys: Collection[str]) -> Action:
        """@raise KeyRequired: always: the name of a conference alone does not say whom to take out of it."""
        raise KeyRequired(f"DELETE of table '{self.name}' needs WHERE name = ... AND user_id IN (...)")

    async def remove_rows(self, dev_id: int, rows: Sequence[Row]) -> int:
        """@return: how many of these users were invited, rung or there, and are no more."""
        removed = await super().remove_rows(dev_id, rows)
        return removed + sum(_is_uninvited(row) for row in rows)

    def removing_rows(self, dev_id: int, rows: Sequence[Row]) -> list[Action]:
        """@return: what withdraws these invitations, rings no more, and takes the users out of the rooms."""
        found: dict[str, list[int]] = {}
        invited: dict[str, list[int]] = {}
        for row in rows:
            name, user_id, *_ = row
            if isinstance(name, str) and isinstance(user_id, int):
                found.setdefault(name, []).append(user_id)
                if not _is_uninvited(row):
                    invited.setdefault(name, []).append(user_id)
        withdrawals = [
            storing(Write(Store.withdraw, Channel(dev_id, name), users)) for name, users in invited.items()
        ]
        remove = self.broker.conferences.remove
        return [*withdrawals, *(remove(dev_id, name, users) for name, users in found.items())]


def _is_uninvited(row: Row) -> bool:
    """@return: whether a row is one of those that only L{Conference.removable} has."""
    return len(row) > len(Conference.declared)


class ConferenceMembers(_ConferenceTable[None]):
    """Who takes part in conferences."""

    name = "conference_members"
    doc = "Who is in a room or a call now, on all servers; a row for each device."
    declared = (
        name_column("the room"),
        Declared("user_id", Kind.INT, 11, "who it is, 0 for nobody known", default=0),
        Declared("join_time", Kind.BIGINT, 20, "for how many seconds", default=0),
        Declared(
            *("last_talking", Kind.BIGINT, 20),
            "how many seconds since the last word: 0 while talking, -1 if there was none yet",
            default=-1,
        ),
        Declared("talking", Kind.INT, 1, "whether that one talks", default=0),
        Declared("talking_time", Kind.BIGINT, 20, "for how many seconds, 0 if not", default=0),
        Declared("muted", Kind.INT, 1, "whether the microphone is off", default=0),
        Declared("video", Kind.INT, 1, "whether the camera is on", default=0),
        Declared("screen", Kind.INT, 1, "whether the screen is shown", default=0),
        Declared("hold", Kind.INT, 1, "whether that one has put the others on hold", default=0),
        Declared("lost", Kind.INT, 1, "whether the connection is gone, and may come back", default=0),
        Declared("seat", Kind.BIGINT, 20, "the number of the seat, which is no other's", default=0),
        Declared("connection", Kind.BIGINT, 20, "the number of the connection; 0 while lost", default=0),
        Declared("node", Kind.VARCHAR, NAME_LIMIT, "the name of the server of that connection"),
        Declared(
            *("topology", Kind.VARCHAR, NAME_LIMIT),
            "the way of media: mesh from each to each, sfu by way of the media server",
        ),
    )
    writable = False
    listable = True

    async def rows(self, dev_id: int, keys: Sequence[str]) -> Sequence[Row]:
        """@return: a row for each who is in these rooms, in the order in which they came."""
        return self._shown(self.broker.conferences.participants(dev_id, keys))

    async def all_rows(self, dev_id: int, most: Most) -> Sequence[Row]:
        """@return: a row for each who is in any room."""
        return self._shown(self.broker.conferences.participants(dev_id))

    def _shown(self, found: Iterable[Participant]) -> list[Row]:
        now = self.broker.clock()
        return [_member(each, now) for each in found]


def _member(each: Participant, now: float) -> Row:
    talks = _seconds(each.talking, now) if each.talking else 0
    silent = _seconds(each.talked, now) if each.talked else -1
    on = each.on
    return (
        *(each.room.name, each.user_id, _seconds(each.since, now), 0 if each.talking else silent),
        *(int(on.talking), talks, int(each.muted), int(on.video), int(on.screen), int(on.hold)),
        *(int(each.is_lost), each.seat, each.connection, each.node, each.topology.value),
    )


def _seconds(since: float, now: float) -> int:
    # The clocks of servers differ a little.
    return max(0, int(now - since))
