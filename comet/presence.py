"""Who is online, and with which devices."""

from __future__ import annotations

from typing import Generic, TypeVar

from comet.model import User

Device = TypeVar("Device")


class Presence(Generic[Device]):
    """The devices of all users that are online, each user's in the order they came."""

    def __init__(self) -> None:
        self._users: dict[User, dict[Device, None]] = {}

    def __len__(self) -> int:
        """@return: how many users are online."""
        return len(self._users)

    def __contains__(self, user: User) -> bool:
        """@return: whether C{user} is online."""
        return user in self._users

    def users(self, dev_id: int) -> list[User]:
        """@return: the users of a tenant that are online."""
        return [user for user in self._users if user.dev_id == dev_id]

    def arrive(self, user: User, device: Device) -> bool:
        """@return: whether C{user} comes online by this."""
        devices = self._users.setdefault(user, {})
        devices[device] = None
        return len(devices) == 1

    def depart(self, user: User, device: Device) -> bool:
        """@return: whether C{user} goes offline by this."""
        devices = self._users.get(user, {})
        if device not in devices:
            return False
        del devices[device]
        if devices:
            return False
        del self._users[user]
        return True

    def devices(self, user: User) -> tuple[Device, ...]:
        """@return: the devices of C{user}, the oldest first."""
        return tuple(self._users.get(user, ()))
