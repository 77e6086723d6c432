"""
Who is online, and with which devices.

The two are not the same. A user whose last device has left stays online for a time of grace, in which a page
may be reloaded; but there is nothing then that a message could be handed to.
"""

from __future__ import annotations

from collections import Counter
from typing import Generic, NamedTuple, TypeVar

from comet.model import User

Device = TypeVar("Device")


class Gone(NamedTuple):
    """Somebody who is not online any more, and when the last device has left."""

    user: User
    time: float


class Presence(Generic[Device]):
    """
    All users that are online, and their devices, each user's in the order they came.

    C{user in presence} asks for devices, and so does C{len(presence)}; L{is_online} is the other question.
    Times are those of a clock that may be set; all waits of a L{Presence} are equally long, so that those who
    have left are in the order in which they go.
    """

    def __init__(self, grace: float = 0) -> None:
        """@param grace: seconds in which somebody without a device may come back; 0: none."""
        self._grace = grace
        self._users: dict[User, dict[Device, None]] = {}
        self._leaving: dict[User, float] = {}
        self._online: Counter[int] = Counter()

    def __len__(self) -> int:
        """@return: how many users have a device here."""
        return len(self._users)

    def __contains__(self, user: User) -> bool:
        """@return: whether C{user} has a device here."""
        return user in self._users

    def is_online(self, user: User) -> bool:
        """@return: whether C{user} is online: has a device here, or has had one until just now."""
        return user in self._users or user in self._leaving

    def online(self, dev_id: int | None = None) -> int:
        """@return: how many users are online, of one tenant or of all."""
        return len(self._users) + len(self._leaving) if dev_id is None else self._online[dev_id]

    def users(self, dev_id: int) -> list[User]:
        """@return: the users of a tenant that are online."""
        return [user for each in (self._users, self._leaving) for user in each if user.dev_id == dev_id]

    def devices(self, user: User) -> tuple[Device, ...]:
        """@return: the devices of C{user}, the oldest first."""
        return tuple(self._users.get(user, ()))

    def all_devices(self) -> list[tuple[User, Device]]:
        """@return: every device that is here, and whose it is."""
        return [(user, device) for user, devices in self._users.items() for device in devices]

    def arrive(self, user: User, device: Device) -> bool:
        """@return: whether C{user} comes online by this."""
        was_online = self.is_online(user)
        self._leaving.pop(user, None)
        self._users.setdefault(user, {})[device] = None
        if was_online:
            return False
        self._online[user.dev_id] += 1
        return True

    def depart(self, user: User, device: Device, now: float = 0) -> bool:
        """
        A device is gone; saying so twice is saying so once.

        @return: whether C{user} goes offline by this, at once.
        """
        devices = self._users.get(user, {})
        if device not in devices:
            return False
        del devices[device]
        if devices:
            return False
        del self._users[user]
        if self._grace:
            self._leaving[user] = now
            return False
        self._count_out(user)
        return True

    def due(self, now: float, most: int) -> list[Gone]:
        """
        @param most: how many at the most.
        @return: those whose time of grace is over; they are offline from here on.
        """
        over: list[Gone] = []
        for user, left in self._leaving.items():
            # If the clock was set back, who left "later" than now would stay online for long.
            if len(over) == most or left <= now < left + self._grace:
                break
            over.append(Gone(user, left))
        for user, _ in over:
            del self._leaving[user]
            self._count_out(user)
        return over

    def leave_all(self, now: float) -> list[Gone]:
        """@return: everybody who was online; nobody is any more."""
        gone = [Gone(user, left) for user, left in self._leaving.items()]
        gone += [Gone(user, now) for user in self._users]
        self._leaving.clear()
        self._users.clear()
        self._online.clear()
        return gone

    def _count_out(self, user: User) -> None:
        self._online[user.dev_id] -= 1
        if not self._online[user.dev_id]:
            del self._online[user.dev_id]
