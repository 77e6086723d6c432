"""
What can go wrong for a program that uses the client.

The tree::

    ClientError
     +-- Denied        the server does not grant a request; all else goes on
     +-- TimedOut      no answer within the time that was given
     +-- Interrupted   the connection was lost; nobody knows whether the request was carried out
     +-- TooMany       more requests are waiting than the client keeps
     +-- Ended         the client is at its end, and makes no new connection
          +-- Stopped     because the program said so
          +-- SentAway    because the server said so
"""

from __future__ import annotations


class ClientError(Exception):
    """Anything below; C{str(error)} is a sentence for people."""


class Denied(ClientError):
    """
    The server does not grant a request.

    @ivar code: the number, and C{name} the word, that programs go by; see the page on errors.
    """

    def __init__(self, code: int, name: str, reason: str) -> None:
        """@param reason: the server's sentence."""
        super().__init__(reason)
        self.code, self.name, self.reason = code, name, reason


class TimedOut(ClientError):
    """No answer within the time that was given."""


class Interrupted(ClientError):
    """The connection was lost; nobody knows whether the request was carried out."""


class TooMany(ClientError):
    """More requests are waiting than the client keeps."""


class Ended(ClientError):
    """The client is at its end, and makes no new connection."""


class Stopped(Ended):
    """The program has stopped the client."""


class SentAway(Ended):
    """
    The server has said goodbye for good.

    @ivar code: the number of the goodbye, 4500 or more.
    """

    def __init__(self, code: int, reason: str) -> None:
        """@param reason: the server's sentence."""
        super().__init__(f"the server has sent this client away: {reason} ({code})")
        self.code, self.reason = code, reason
