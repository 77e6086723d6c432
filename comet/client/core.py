"""
The client without its network: frames come in, actions go out; time is told with everything that comes in.

A driver opens and ends connections as the L{actions<comet.client.actions>} say, and tells the core what
becomes of them. The core knows what was asked and not answered, how far each channel was seen, when to give
something up, and where to connect next. One core serves one connection at a time, and many one after another.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any

from comet.client import reading
from comet.client.actions import Action, Answer, Connect, Drop, End, Probe, Renew, Say, Tell
from comet.client.cursors import Had, Progress
from comet.client.errors import ClientError, Ended, Interrupted, SentAway, Stopped, TimedOut
from comet.client.events import Disconnected, Gap, Happening, Refused, Subscribed, Trouble
from comet.client.reading import BadFrame, Frame
from comet.client.requests import Requests
from comet.client.route import Route
from comet.client.settings import Settings

VERSION = 1
#: Goodbyes from this number on are final.
FINAL = 4500
#: How much later than promised a sign of life may come, in seconds.
GRACE = 5.0
#: How often a client that is away looks whether its home node is back, in seconds.
HOMESICK = 60.0
#: The share of its life after which a token is renewed.
RENEWAL = 0.8


class Phase(Enum):
    """Where a core is."""

    IDLE = "not started"
    WAITING = "between two attempts"
    CONNECTING = "no welcome yet"
    OPEN = "welcomed"
    OVER = "at its end"


class Core:
    """
    See above.

    @ivar phase: where it is.
    @ivar url: the node of the present connection, or of the last attempt.
    """

    def __init__(self, settings: Settings, random: Callable[[], float]) -> None:
        """@param random: gives numbers from 0 up to 1."""
        self.phase = Phase.IDLE
        self.url = ""
        self.ended: Ended | None = None
        self._settings = settings
        self._random = random
        self._route = Route(settings.nodes, settings.user_id, random)
        self._requests = Requests(settings.requests)
        self._progress = Progress()
        self._had = Had()
        self._actions: deque[Action] = deque()
        self._key = settings.key if isinstance(settings.key, str) else ""
        self._dynamic = not isinstance(settings.key, str)
        #: When to do what, unless something happens before.
        self._alarms: dict[str, float] = {}
        self._silence = 0.0
        self._welcomed: float | None = None
        self._renewal: int | None = None
        self._pinged = False
        self._greeted: tuple[str, ...] = ()

    def actions(self) -> Iterator[Action]:
        """@return: what there is to do, each action once."""
        while self._actions:
            yield self._actions.popleft()

    @property
    def deadline(self) -> float | None:
        """When to call L{tick}, at the latest."""
        times = [*self._alarms.values()]
        if self._requests.deadline is not None:
            times.append(self._requests.deadline)
        return min(times, default=None)

    # What the program says --------------------------------------------------------------------------------

    def start(self, now: float) -> None:
        """Make the first connection."""
        if self.phase is Phase.IDLE:
            self._connect(now)

    def stop(self) -> None:
        """Be done, for good."""
        if self.phase is not Phase.OVER:
            self._end(Stopped("the client was stopped"))

    def request(self, command: Frame, now: float, timeout: float | None, repeatable: bool) -> int:
        """
        Ask for something.

        @param timeout: for how many seconds to wait; C{None} for ever.
        @param repeatable: whether asking twice is as good as asking once.
        @return: the number by which an L{Answer} will name it.
        @raise ClientError: if it cannot be asked.
        """
        self._check()
        deadline = None if timeout is None else now + timeout
        request = self._requests.add(command, deadline, repeatable)
        if self.phase is Phase.OPEN:
            request.sent = True
            self._say(request.command)
        return request.number

    def abandon(self, number: int) -> None:
        """Nobody waits for that answer any more."""
        self._requests.take(number)

    def subscribe(self, channel: str, since: str | None) -> None:
        """Listen to a channel until told otherwise, over all connections to come."""
        self._check()
        if channel in self._progress:
            return
        self._progress.add(channel, since)
        if self.phase is Phase.OPEN:
            self._say({"cmd": "subscribe", "channels": {channel: since}})

    def is_subscribed(self, channel: str) -> bool:
        """@return: whether the server has said, on this connection, that we listen to a channel."""
        return channel in self._progress.told

    def unsubscribe(self, channel: str) -> None:
        """Listen no more."""
        if channel in self._progress:
            self._progress.remove(channel)
            if self.phase is Phase.OPEN:
                self._say({"cmd": "unsubscribe", "channels": [channel]})

    def cursors(self) -> dict[str, str | None]:
        """@return: how far each channel was seen."""
        return self._progress.cursors()

    def ack(self, number: int) -> None:
        """The private message of that number, with all before it, is where it should be."""
        if number:
            self._had.acked = number
            if self.phase is Phase.OPEN:
                self._say({"cmd": "ack", "number": number})

    # What the driver says ---------------------------------------------------------------------------------

    def opened(self, now: float) -> None:
        """The WebSocket is open."""
        if self.phase is Phase.CONNECTING:
            self._say(self._hello())

    def heard(self, now: float) -> None:
        """Something has come, if only a ping."""
        self._pinged = False
        if self.phase is Phase.OPEN and self._silence:
            self._alarms["silence"] = now + self._silence

    def receive(self, text: str, now: float) -> None:
        """A WebSocket message has come."""
        self.heard(now)
        for line in text.split("\n"):
            if line and self.phase in (Phase.CONNECTING, Phase.OPEN):
                try:
                    self._take(reading.read_frame(line), now)
                except BadFrame as error:
                    self._tell(Trouble(str(error)))
                except (KeyError, TypeError, AttributeError):
                    self._tell(Trouble(f"the server has sent what this client does not know: {line[:80]!r}"))

    def lost(self, now: float, code: int | None, reason: str, retry: float | None = None) -> None:
        """
        The connection has ended, or could not be made.

        @param code: why, if it was a WebSocket that was closed; C{None} if not.
        @param retry: how many seconds the server has asked to wait.
        """
        if self.phase not in (Phase.CONNECTING, Phase.OPEN):
            return
        if code is not None and FINAL <= code < 5000:
            self._end(SentAway(code, reason))
            return
        lasted = now - self._welcomed if self._welcomed is not None else 0.0
        wait = self._route.lost(lasted, retry)
        self._alarms = {"connect": now + wait}
        self.phase, self._welcomed, self._renewal = Phase.WAITING, None, None
        self._progress.told.clear()
        self._tell(Disconnected(self.url, reason, wait))
        for request in self._requests.interrupted():
            self._answer(request.number, Interrupted("the connection was lost before the answer came"))

    def tick(self, now: float) -> None:
        """It is later than it was."""
        for request in self._requests.overdue(now):
            self._answer(request.number, TimedOut("there was no answer in time"))
        for name, time in list(self._alarms.items()):
            if time <= now and self._alarms.pop(name, None) is not None:
                getattr(self, f"_alarm_{name}")(now)

    def renewed(self, key: str) -> None:
        """Here is a new key: for the connection to come, or for the one that stands."""
        self._key = key
        if self.phase is Phase.OPEN:
            # Beside the limit, so that a busy program does not lose its rights.
            self._renewal = self._requests.number()
            self._say({"cmd": "refresh", "id": self._renewal, "token": key})

    def not_renewed(self, reason: str, now: float) -> None:
        """There is no new key; another attempt comes later."""
        self._tell(Trouble(f"there is no new key: {reason}"))
        if self.phase is Phase.OPEN:
            self._alarms["renew"] = now + GRACE

    def home_is_back(self, now: float) -> None:
        """What a L{Probe} was made for can be reached."""
        if self.phase is Phase.OPEN and self._route.away:
            self._actions.append(Drop())
            self.lost(now, None, "the home node is back")
            self._route.go_home()
            self._connect(now)

    # Alarms -----------------------------------------------------------------------------------------------

    def _alarm_connect(self, now: float) -> None:
        self._connect(now)

    def _alarm_welcome(self, now: float) -> None:
        self._actions.append(Drop())
        self.lost(now, None, "there was no welcome in time")

    def _alarm_silence(self, now: float) -> None:
        if self._pinged:
            self._actions.append(Drop())
            self.lost(now, None, "nothing was heard for too long")
        else:
            self._pinged = True
            self._say({"cmd": "ping", "id": self._requests.number()})
            self._alarms["silence"] = now + GRACE

    def _alarm_renew(self, now: float) -> None:
        self._actions.append(Renew())

    def _alarm_home(self, now: float) -> None:
        self._actions.append(Probe(self._route.home))
        self._plan_home(now)

    def _plan_home(self, now: float) -> None:
        if self._route.away:
            self._alarms["home"] = now + HOMESICK * (1 + self._random())

    # Frames -----------------------------------------------------------------------------------------------

    def _take(self, frame: Frame, now: float) -> None:
        match frame["type"]:
            case "message":
                message = reading.read_message(frame)
                if self._progress.is_new(message.channel, message.cursor):
                    self._tell(message)
            case "private":
                private = reading.read_private(frame)
                if self._had.is_new(private.number):
                    self._tell(private)
            case "joined":
                self._tell_of_channel(frame, reading.read_joined)
            case "left":
                self._tell_of_channel(frame, reading.read_left)
            case "status":
                self._tell_of_channel(frame, reading.read_status)
            case "ok":
                self._take_answer(frame, now)
            case "subscribed":
                self._take_subscribed(frame["channels"])
            case "error":
                self._take_error(frame)
            case "welcome":
                self._take_welcome(frame, now)
            case "bye":
                self._actions.append(Drop())
                retry = frame.get("retry")
                wait = max(0.0, retry / 1000) if isinstance(retry, int | float) else None
                self.lost(now, frame["code"], frame["reason"], wait)
            case _:
                pass  # a ping, or what later versions say

    def _tell_of_channel(self, frame: Frame, read: Callable[[Frame], Happening]) -> None:
        if frame["channel"] in self._progress:
            self._tell(read(frame))

    def _take_welcome(self, frame: Frame, now: float) -> None:
        connected = reading.read_welcome(frame, self.url)
        ping = frame["ping"]
        self.phase, self._welcomed = Phase.OPEN, now
        self._alarms = {}
        self._silence = ping + GRACE if ping else 0.0
        self.heard(now)
        self._plan_home(now)
        self._plan_renewal(frame.get("expires"), frame["time"], now)
        self._tell(connected)
        for request in self._requests:
            request.sent = True
            self._say(request.command)
        self._catch_up()

    def _catch_up(self) -> None:
        """Say what the program has changed about its channels between the hello and the welcome."""
        wanted = self._progress.cursors()
        if new := {channel: wanted[channel] for channel in wanted if channel not in self._greeted}:
            self._say({"cmd": "subscribe", "channels": new})
        if gone := [channel for channel in self._greeted if channel not in wanted]:
            self._say({"cmd": "unsubscribe", "channels": gone})

    def _plan_renewal(self, expires: int | None, time: int, now: float) -> None:
        if expires is not None and self._dynamic:
            self._alarms["renew"] = now + max(expires - time, 0) * RENEWAL

    def _take_answer(self, frame: Frame, now: float) -> None:
        number = frame.get("id")
        if number is not None and number == self._renewal:
            self._plan_renewal(frame.get("expires"), frame["time"], now)
        elif request := self._requests.take(number):
            self._answer(request.number, frame)

    def _take_subscribed(self, channels: dict[str, Any]) -> None:
        for channel, about in channels.items():
            if channel in self._progress:
                cursor, missed = about["cursor"], about["missed"]
                self._progress.subscribed(channel, cursor, missed)
                self._tell(Subscribed(channel, cursor, missed))
                if about["gap"]:
                    self._tell(Gap(channel))

    def _take_error(self, frame: Frame) -> None:
        error, number = reading.read_error(frame), frame.get("id")
        channel = str(frame.get("channel", ""))
        if request := self._requests.take(number):
            self._answer(request.number, error)
        elif number is not None and number == self._renewal:
            self._tell(Trouble(f"the new key was refused: {error}"))
        elif channel in self._progress:
            self._progress.remove(channel)
            self._tell(Refused(channel, error))
        else:
            self._tell(Trouble(str(error)))

    # Pieces -----------------------------------------------------------------------------------------------

    def _connect(self, now: float) -> None:
        self.phase, self.url = Phase.CONNECTING, self._route.url
        self._alarms = {"welcome": now + self._settings.connect_timeout}
        self._actions.append(Connect(self.url))

    def _hello(self) -> Frame:
        settings = self._settings
        hello: Frame = {"cmd": "hello", "version": VERSION, "dev_id": settings.dev_id}
        if settings.user_id:
            hello |= {"user_id": settings.user_id, "key": self._key}
        if settings.uuid:
            hello["uuid"] = settings.uuid
        if self._had.acked:
            hello["ack"] = self._had.acked
        channels = self._progress.cursors()
        self._greeted = tuple(channels)
        if channels:
            hello["channels"] = channels
        return hello

    def _check(self) -> None:
        if self.ended is not None:
            raise self.ended

    def _end(self, error: Ended) -> None:
        if self.phase in (Phase.CONNECTING, Phase.OPEN):
            self._actions.append(Drop())
        self.phase, self.ended, self._alarms = Phase.OVER, error, {}
        self._progress.told.clear()
        for request in self._requests.clear():
            self._answer(request.number, error)
        self._actions.append(End(error))

    def _say(self, command: Frame) -> None:
        self._actions.append(Say(json.dumps(command, ensure_ascii=False, separators=(",", ":"))))

    def _tell(self, happening: Happening) -> None:
        self._actions.append(Tell(happening))

    def _answer(self, number: int, outcome: Frame | ClientError) -> None:
        self._actions.append(Answer(number, outcome))
