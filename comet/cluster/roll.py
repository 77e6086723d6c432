"""
Who is online, on all nodes: what follows from what the nodes have said, in the order of the bus.

Every node keeps the whole roll, and applies the same changes in the same order; so all of them know the same,
and each can tell by itself whether somebody comes online by a change, or goes, and who has to say so. A user
whose last device has left stays on the roll for a time of grace, which one node measures, and tells all when
it is over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from comet.model import User


class Device(NamedTuple):
    """
    One connection of a user.

    @ivar slot: the node.
    @ivar number: that of the connection.
    """

    slot: int
    number: int


class Leaving(NamedTuple):
    """
    A user without a device.

    @ivar slot: the node that measures the time of grace.
    @ivar time: when the last device has left, in seconds since 1970.
    """

    slot: int
    time: float


class Roll:
    """
    All users that are online, with their devices, those of each user in the order in which they came.

    C{user in roll} tells whether there is a device anywhere; L{is_online} includes the time of grace.
    """

    def __init__(self) -> None:
        self._users: dict[User, dict[Device, None]] = {}
        self._leaving: dict[User, Leaving] = {}
        self._nodes: dict[int, dict[int, User]] = {}
        self._online: Counter[int] = Counter()

    def __contains__(self, user: User) -> bool:
        """@return: whether C{user} has a device anywhere."""
        return user in self._users

    def is_online(self, user: User) -> bool:
        """@return: whether C{user} has a device, or has had one until just now."""
        return user in self._users or user in self._leaving

    def online(self, dev_id: int | None = None) -> int:
        """@return: how many users are online, of one tenant or of all."""
        return len(self._users) + len(self._leaving) if dev_id is None else self._online[dev_id]

    def users(self, dev_id: int | None = None) -> list[User]:
        """@return: the users that are online, of one tenant or of all."""
        both = (*self._users, *self._leaving)
        return [user for user in both if dev_id is None or user.dev_id == dev_id]

    def devices(self, user: User) -> tuple[Device, ...]:
        """@return: the devices of C{user}, the oldest first."""
        return tuple(self._users.get(user, ()))

    def whose(self, connection: int) -> User | None:
        """@return: who has the connection of that number."""
        found = (users[connection] for users in self._nodes.values() if connection in users)
        return next(found, None)

    def elsewhere(self, user: User, slot: int) -> int:
        """@return: how many devices C{user} has on other nodes than that in C{slot}."""
        return sum(device.slot != slot for device in self._users.get(user, ()))

    def leaving(self, slot: int) -> list[tuple[User, float]]:
        """@return: those whose time of grace the node in C{slot} measures, and since when."""
        return [(user, leaving.time) for user, leaving in self._leaving.items() if leaving.slot == slot]

    def others(self, slot: int) -> list[User]:
        """@return: who is online by another node than that in C{slot}."""
        there = [user for user, devices in self._users.items() if any(each.slot != slot for each in devices)]
        return there + [user for user, leaving in self._leaving.items() if leaving.slot != slot]

    # Changes ----------------------------------------------------------------------------------------------

    def arrive(self, user: User, device: Device) -> bool:
        """@return: whether C{user} comes online by this."""
        was_online = self.is_online(user)
        self._leaving.pop(user, None)
        self._users.setdefault(user, {})[device] = None
        self._nodes.setdefault(device.slot, {})[device.number] = user
        if was_online:
            return False
        self._online[user.dev_id] += 1
        return True

    def depart(self, device: Device, time: float, measured_by: int | None = None) -> None:
        """
        A device is gone; saying so twice is saying so once.

        @param measured_by: the node that measures the time of grace, if this was the last one; that of the
            device, if left out.
        """
        user = self._nodes.get(device.slot, {}).pop(device.number, None)
        if user is None:
            return
        del self._users[user][device]
        if not self._users[user]:
            del self._users[user]
            self._leaving[user] = Leaving(device.slot if measured_by is None else measured_by, time)

    def leave(self, user: User) -> bool:
        """
        The time of grace of C{user} is over.

        @return: whether C{user} goes offline by this.
        """
        if self._leaving.pop(user, None) is None:
            return False
        self._online[user.dev_id] -= 1
        if not self._online[user.dev_id]:
            del self._online[user.dev_id]
        return True

    def begin_leaving(self, user: User, time: float, measured_by: int) -> bool:
        """
        Another node has told that C{user} is in the time of grace.

        @return: whether C{user} comes online by this.
        """
        if self.is_online(user):
            return False
        self._leaving[user] = Leaving(measured_by, time)
        self._online[user.dev_id] += 1
        return True

    def excess(self, user: User, most: int) -> list[Device]:
        """@return: the oldest devices of C{user}, as far as they are more than C{most}."""
        devices = self._users.get(user, {})
        return list(devices)[: max(0, len(devices) - most)]

    def replace(
        self, slot: int, there: Iterable[tuple[User, int]], time: float, measured_by: int | None = None
    ) -> list[User]:
        """
        A node has told all its devices anew.

        @param there: who is connected there, by which connections.
        @param measured_by: the node that measures the time of grace of who is not there any more, and of
            those whom that node has measured; that node itself, if left out.
        @return: who comes online by this.
        """
        wanted = {number: user for user, number in there}
        for number, user in list(self._nodes.get(slot, {}).items()):
            if wanted.get(number) != user:
                self.depart(Device(slot, number), time, measured_by)
        if measured_by is not None:
            self._inherit(slot, measured_by)
        known = self._nodes.get(slot, {})
        new = [(user, number) for number, user in wanted.items() if number not in known]
        return [user for user, number in new if self.arrive(user, Device(slot, number))]

    def drop(self, slot: int, time: float, measured_by: int) -> None:
        """
        A node is gone with all its devices.

        @param measured_by: the node that measures from now on what that one has measured.
        """
        for number in list(self._nodes.get(slot, {})):
            self.depart(Device(slot, number), time, measured_by)
        self._nodes.pop(slot, None)
        self._inherit(slot, measured_by)

    def _inherit(self, slot: int, heir: int) -> None:
        for user, leaving in self._leaving.items():  # no key comes or goes
            if leaving.slot == slot:
                self._leaving[user] = Leaving(heir, leaving.time)

    def due(self, slot: int | None, now: float, grace: float, most: int) -> Iterator[tuple[User, float]]:
        """
        @param slot: the node that measures; C{None} for any.
        @return: C{most} at the most of those whose time of grace is over at C{now}.
        """
        found = 0
        for user, leaving in self._leaving.items():
            # Had the clock been set back, who left "later" than now would stay online for long.
            if slot in (None, leaving.slot) and not leaving.time <= now < leaving.time + grace:
                yield user, leaving.time
                found += 1
                if found == most:
                    return
