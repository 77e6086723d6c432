"""
Whether the name of a node is free, as those that have it, or want it, find out among themselves.

All of one name listen to one channel, and each has a life, a text of its own. Who wants the name asks
(C{?life}); who has it says so (C{!life}), and of two that ask at once the lower life does. Who has heard
nothing of that for long enough takes the name (C{=life}). Whoever had it until then has been silent for too
long, and hears so when it wakes up.
"""

from __future__ import annotations

from enum import Enum, auto

_ASK, _KEEP, _TAKE = b"?", b"!", b"="


class State(Enum):
    """How it stands between a node and its name."""

    ASKING = auto()
    HELD = auto()
    TAKEN = auto()


class Claim:
    """
    The claim of one life to a name.

    @ivar state: how it stands.
    """

    def __init__(self, life: bytes) -> None:
        """@param life: a text that no other life has."""
        self._life = life
        self.state = State.TAKEN

    def ask(self) -> bytes:
        """@return: what to say, to find out whether the name is free."""
        self.state = State.ASKING
        return _ASK + self._life

    def take(self) -> bytes:
        """Nobody has answered. @return: what to say from now on."""
        self.state = State.HELD
        return _TAKE + self._life

    def hear(self, message: bytes) -> bytes:
        """
        Somebody, perhaps this life, has said C{message}.

        @return: what to say to that; empty for nothing.
        """
        word, life = message[:1], message[1:]
        if life == self._life:
            return b""
        if word == _ASK:
            mine = self.state is State.HELD or (self.state is State.ASKING and self._life < life)
            return _KEEP + self._life if mine else b""
        if word == _TAKE or (word == _KEEP and self.state is State.ASKING):
            self.state = State.TAKEN
        return b""
