"""The client as programs see it, on whatever event loop."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from typing import Any, Self

from comet.client import reading
from comet.client.answers import Member, Past, Receipt, Seen
from comet.client.core import Core, Phase
from comet.client.errors import ClientError, TimedOut
from comet.client.events import Connected, Happening, Message, Private, Refused, Subscribed
from comet.client.loops import Loop, Promise
from comet.client.runner import Runner
from comet.client.settings import Settings
from comet.client.streams import PrivateStream, Subscription


class BaseClient:
    """
    A client that stays connected from L{start} to L{stop}.

    @ivar private: what is said to this user alone, see L{PrivateStream}.
    """

    def __init__(
        self,
        nodes: str | Sequence[str],
        loop: Callable[[Settings], Loop],
        *,
        tell: Callable[[Happening], Any] | None,
        on_private: Callable[[Private], Any] | None,
        chance: Callable[[], float] = random.random,
        **settings: Any,
    ) -> None:
        """
        @param tell: is called with everything that happens, see L{comet.client.events}.
        @param on_private: is called with private messages, if they are not iterated over.
        @param chance: gives numbers from 0 up to 1.
        @param settings: see L{Settings}.
        """
        self._settings = Settings(nodes=[nodes] if isinstance(nodes, str) else nodes, **settings)
        self._loop = loop(self._settings)
        self._core = Core(self._settings, chance)
        self._tell = tell
        self.private = PrivateStream(self._settings.buffer, self._loop, on_private, self._acknowledge)
        self._subscriptions: dict[str, list[Subscription]] = {}
        self._hoping: list[Promise] = []
        self._connection: Connected | None = None
        self._runner = Runner(self._core, self._loop, self._settings, self._happened, self._ended)

    # Life -------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Connect, and stay connected."""
        self._core.start(self._loop.now())
        self._runner.pump()

    async def connected(self) -> Connected:
        """
        @return: what the server said at its welcome, once there is a connection.
        @raise Ended: if there will be none.
        """
        while self._connection is None:
            if self._core.ended is not None:
                raise self._core.ended
            promise = self._loop.promise()
            self._hoping.append(promise)
            await promise
        return self._connection

    @property
    def connection(self) -> Connected | None:
        """What the server said at its welcome, C{None} without a connection."""
        return self._connection

    async def stop(self) -> None:
        """Disconnect, and wait until that is done."""
        self._core.stop()
        self._runner.pump()
        await self._runner.quiet()

    async def __aenter__(self) -> Self:
        """Start, and wait for the connection."""
        self.start()
        await self.connected()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        await self.stop()

    # Channels ---------------------------------------------------------------------------------------------

    async def subscribe(
        self, channel: str, callback: Callable[[Message], Any] | None = None, *, since: str | None = None
    ) -> Subscription:
        """
        Listen to a channel, over all connections to come.

        @param callback: is called with each message, if they are not iterated over.
        @param since: a cursor: begin with what came after it.
        @return: when the server has agreed.
        @raise Denied: if it does not.
        """
        subscription = Subscription(channel, self._settings.buffer, self._loop, callback, self._leave)
        self._core.subscribe(channel, since)
        self._subscriptions.setdefault(channel, []).append(subscription)
        self._runner.pump()
        if not self._core.is_subscribed(channel):
            await self._agreed(subscription)
        return subscription

    async def _agreed(self, subscription: Subscription) -> None:
        undo = None
        if self._settings.timeout is not None:
            late = TimedOut(f"there was no answer about {subscription.name} in time")
            undo = self._loop.later(self._settings.timeout, lambda: subscription.confirm(late))
        try:
            await subscription.ready()
        except BaseException:
            subscription.cancel()
            raise
        finally:
            if undo is not None:
                undo()

    def _leave(self, subscription: Subscription) -> None:
        others = self._subscriptions.get(subscription.name, [])
        if subscription in others:
            others.remove(subscription)
            if not others:
                del self._subscriptions[subscription.name]
                self._core.unsubscribe(subscription.name)
                self._runner.pump()

    def cursors(self) -> dict[str, str | None]:
        """@return: how far each channel was seen: what C{since} of another client may be given."""
        return self._core.cursors()

    # Requests ---------------------------------------------------------------------------------------------

    async def publish(self, channel: str, data: Any, event: str = "", *, hide: bool = False) -> Receipt:
        """
        Say something in a channel that clients may publish to.

        @param data: a text, or anything else as its JSON.
        @param hide: do not tell the others who it was.
        @raise Interrupted: if the connection was lost before the answer came. It is not said again.
        """
        text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
        command: dict[str, Any] = {"cmd": "publish", "channel": channel, "event": event, "data": text}
        if hide:
            command["hide"] = True
        answer = await self._ask(command, repeatable=False)
        return Receipt(answer["receivers"], answer.get("cursor"))

    async def count(self, channel: str) -> int:
        """@return: how many connections listen to a channel."""
        answer = await self._ask({"cmd": "count", "channel": channel})
        number: int = answer["count"]
        return number

    async def members(self, channel: str) -> list[Member]:
        """@return: who listens to a channel, the newest first."""
        answer = await self._ask({"cmd": "members", "channel": channel})
        return [Member(each["connection"], each["user_id"], each["uuid"]) for each in answer["members"]]

    async def history(self, channel: str, limit: int | None = None, *, since: str | None = None) -> Past:
        """
        @param limit: how many messages at most, the newest; C{None}: all that are kept.
        @param since: a cursor: only what came after it.
        """
        command: dict[str, Any] = {"cmd": "history", "channel": channel}
        command |= {name: value for name, value in (("limit", limit), ("since", since)) if value is not None}
        answer = await self._ask(command)
        messages = [reading.read_message(frame) for frame in answer["messages"]]
        return Past(messages, answer["cursor"], answer["gap"])

    async def status(self, user_id: int) -> Seen:
        """@return: whether a user is here, or was."""
        answer = await self._ask({"cmd": "status", "user_id": user_id})
        return Seen(answer["online"], answer["seen"])

    async def data(self, user_id: int) -> str:
        """@return: what the site has noted about a user, or an empty text."""
        answer = await self._ask({"cmd": "data", "user_id": user_id})
        text: str = answer["data"]
        return text

    async def ping(self) -> None:
        """@return: when the server has answered."""
        await self._ask({"cmd": "ping"})

    async def _ask(self, command: dict[str, Any], repeatable: bool = True) -> dict[str, Any]:
        return await self._runner.ask(command, repeatable)

    def _acknowledge(self, number: int) -> None:
        self._core.ack(number)
        self._runner.pump()

    # What the program is told -----------------------------------------------------------------------------

    def _happened(self, happening: Happening) -> None:
        match happening:
            case Private():
                self.private.put(happening)
            case Connected():
                self._connection = happening
                self._hope_fulfilled()
            case Subscribed(channel):
                for subscription in self._subscriptions.get(channel, []):
                    subscription.confirm()
            case Refused(channel, error):
                for subscription in self._subscriptions.pop(channel, []):
                    subscription.confirm(error)
                    subscription.fail(error)
            case _:
                channel = getattr(happening, "channel", "")
                for subscription in tuple(self._subscriptions.get(channel, [])):
                    subscription.put(happening)
        if self._core.phase is not Phase.OPEN and not isinstance(happening, Connected):
            self._connection = None
        self._notify(happening)

    def _notify(self, happening: Happening) -> None:
        if self._tell is not None:
            try:
                self._tell(happening)
            except Exception as error:
                self._loop.report("the function that is told of everything has failed", error)

    def _hope_fulfilled(self) -> None:
        hoping, self._hoping = self._hoping, []
        for promise in hoping:
            promise.resolve()

    def _ended(self, error: ClientError) -> None:
        self._connection = None
        self._hope_fulfilled()
        self.private.fail(error)
        for subscriptions in list(self._subscriptions.values()):
            for subscription in subscriptions:
                subscription.confirm(error)
                subscription.fail(error)
        self._subscriptions.clear()
