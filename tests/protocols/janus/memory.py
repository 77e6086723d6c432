"""
A Janus in memory, behind a real WebSocket without a network: what it says has the shapes of version 1.1.2.

It has rooms, publishers and subscribers, but no media; an SDP description is any text. Behaviour that comet
relies on is copied from the real one, and C{tests/e2e/test_janus.py} plays the same with that.
"""

from __future__ import annotations

import json
from itertools import count

from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from twisted.internet.defer import fail, succeed
from twisted.internet.error import ConnectionRefusedError
from twisted.test.iosim import FakeTransport, IOPump

from comet.protocols.janus.videoroom import PLUGIN


class Wire(FakeTransport):
    """One end of a connection in memory."""

    def setTcpNoDelay(self, enabled):
        pass

    def abortConnection(self):
        self.disconnecting = True
        self.disconnect_done = True
        super().loseConnection()


class Refusal(Exception):
    """An error of the plug-in: number and sentence."""


class Handle:
    """What Janus knows of one handle."""

    def __init__(self, number, link, session):
        self.number, self.link, self.session = number, link, session
        self.room = None
        self.feed, self.display, self.streams = 0, "", []
        # Of a subscriber: [feed, mid] of each line, None for one that is not in use.
        self.lines, self.is_offered, self.is_waiting, self.version = None, False, False, 0
        self.candidates, self.descriptions = [], []


class MemoryJanus:
    """
    The whole gateway.

    @ivar clock: sets the time of both ends.
    @ivar is_down: whether connections are refused.
    @ivar is_mute: whether it answers nothing.
    @ivar lingering: those who have left and are still there, if they take their time for it.
    @ivar asked: the requests that came, without those that say nothing but that one is there.
    """

    def __init__(self, clock, secret=""):
        self.clock, self.secret = clock, secret
        self.is_down = self.is_mute = self.acknowledges_late = False
        self.version, self.plugins, self.timeout = 1102, {PLUGIN: {}}, 60
        self.subprotocol = "janus-protocol"
        self.numbers, self.asked = count(1000), []
        self.rooms, self.handles, self.links, self._pumps = {}, {}, [], []
        self.connections, self.lingering = 0, None

    # The network --------------------------------------------------------------------------------------------

    def connect(self, factory):
        """What an endpoint does. @return: the client's protocol, in a Deferred."""
        self.connections += 1
        if self.is_down:
            return fail(ConnectionRefusedError())
        servers = WebSocketServerFactory("ws://127.0.0.1:8188", reactor=self.clock)
        servers.protocol, servers.janus = JanusProtocol, self
        server, client = servers.buildProtocol(None), factory.buildProtocol(None)
        ends = Wire(server, isServer=True), Wire(client, isServer=False)
        pump = IOPump(client, server, ends[1], ends[0], False, self.clock)
        self._pumps.append(pump)
        server.makeConnection(ends[0])
        client.makeConnection(ends[1])
        return succeed(client)

    def pump(self):
        """Let everything be said that is to be said."""
        while any([pump.pump() for pump in self._pumps]):
            pass

    def pass_time(self, seconds, step=0.5):
        """Let time go by in steps, and everything be said in each."""
        for _ in range(round(seconds / step)):
            self.clock.advance(step)
            self.pump()

    def kill(self):
        """It ends, and forgets all."""
        self.is_down = True
        links, self.links = self.links, []
        self.rooms.clear()
        self.handles.clear()
        for link in links:
            link.transport.abortConnection()
        self.pump()

    # The API ------------------------------------------------------------------------------------------------

    def received(self, link, told):
        word = told["janus"]
        if word != "keepalive":
            self.asked.append(told)
        if self.is_mute or link not in self.links:
            return
        if word != "info" and self.secret and told.get("apisecret") != self.secret:
            return link.fail(told, 403, "Unauthorized request (wrong or missing secret/token)")
        if word not in ("info", "create") and told.get("session_id") != link.session:
            return link.fail(told, 458, f"No such session {told.get('session_id')}")
        getattr(self, f"on_{word}")(link, told)

    def on_info(self, link, told):
        link.answer(
            told,
            janus="server_info",
            name="Janus WebRTC Server",
            version=self.version,
            version_string=f"{self.version}",
            plugins=self.plugins,
            **{"session-timeout": self.timeout},
        )

    def on_create(self, link, told):
        link.session = next(self.numbers)
        link.answer(told, data={"id": link.session})

    def on_keepalive(self, link, told):
        link.answer(told, janus="ack", session_id=link.session)

    def on_destroy(self, link, told):
        self.forget(link)
        link.answer(told, session_id=link.session)

    def on_attach(self, link, told):
        handle = Handle(next(self.numbers), link, link.session)
        self.handles[handle.number] = handle
        link.answer(told, session_id=link.session, data={"id": handle.number})

    def on_detach(self, link, told):
        handle = self.handles.pop(told["handle_id"], None)
        if handle is None:
            return link.fail(told, 459, f"No such handle {told['handle_id']} in session {link.session}")
        link.answer(told, session_id=link.session)
        if self.lingering is not None:
            return self.lingering.append(handle)
        self.leave(handle)
        link.say(janus="detached", session_id=link.session, sender=handle.number)

    def on_trickle(self, link, told):
        self.handles[told["handle_id"]].candidates.append(told["candidate"])
        link.answer(told, janus="ack", session_id=link.session)

    def on_message(self, link, told):
        handle, body = self.handles.get(told["handle_id"]), told["body"]
        if handle is None:
            return link.fail(told, 459, f"No such handle {told['handle_id']} in session {link.session}")
        word, jsep = body["request"], told.get("jsep")
        is_synchronous = word in ("create", "destroy", "list", "listparticipants")
        if jsep is not None:
            handle.descriptions.append(jsep)
            if "rubbish" in jsep["sdp"]:
                return link.fail(told, 465, f"Invalid line: {jsep['sdp']}")
        if word == "join":
            word = f"join_{body['ptype']}"
        try:
            data, jsep = getattr(self, f"do_{word}")(handle, body, jsep)
        except Refusal as error:
            code, reason = error.args
            data, jsep = {"videoroom": "event", "error_code": code, "error": reason}, None
        said = {"plugindata": {"plugin": PLUGIN, "data": data}, **({"jsep": jsep} if jsep else {})}
        about = {"session_id": link.session, "transaction": told["transaction"]}
        if is_synchronous:
            return link.say(janus="success", **about, sender=handle.number, **said)
        parts = [{"janus": "ack", **about}, {"janus": "event", **about, "sender": handle.number, **said}]
        for part in reversed(parts) if self.acknowledges_late else parts:
            link.say(**part)
        if word == "start" and handle.is_waiting:
            handle.is_waiting = False
            self.tell(handle, *self.offer(handle, "updated"))

    # The plug-in --------------------------------------------------------------------------------------------

    def tell(self, handle, data, jsep=None):
        """Say that something has happened."""
        more = {"jsep": jsep} if jsep else {}
        plugindata = {"plugin": PLUGIN, "data": data}
        about = {"session_id": handle.session, "sender": handle.number}
        handle.link.say(janus="event", **about, plugindata=plugindata, **more)

    def hang_up(self, handle, reason="ICE failed"):
        """Media of a handle is over."""
        self.unpublish(handle)
        handle.link.say(janus="hangup", session_id=handle.session, sender=handle.number, reason=reason)

    def inside(self, room):
        handles = [*self.handles.values(), *(self.lingering or ())]
        return [each for each in handles if each.room == room and each.lines is None]

    def others(self, handle):
        return [each for each in self.inside(handle.room) if each is not handle]

    def leave(self, handle):
        self.unpublish(handle)
        if handle.room is not None and handle.lines is None:
            for other in self.others(handle):
                self.tell(other, {"videoroom": "event", "room": handle.room, "leaving": handle.feed})
        handle.room = None

    def unpublish(self, handle):
        if handle.streams:
            handle.streams = []
            # The real one says so twice.
            for other in self.others(handle) * 2:
                self.tell(other, {"videoroom": "event", "room": handle.room, "unpublished": handle.feed})

    def forget(self, link):
        for handle in [each for each in self.handles.values() if each.link is link]:
            del self.handles[handle.number]
            self.leave(handle)

    def room(self, body, key="pin"):
        room = self.rooms.get(body["room"])
        if room is None:
            raise Refusal(426, f"No such room ({body['room']})")
        if room[key] != body.get(key):
            raise Refusal(433, f"Unauthorized (wrong {key})")
        return room

    def do_create(self, handle, body, jsep):
        if self.secret and body.get("admin_key") != self.secret:
            raise Refusal(433, "Unauthorized (wrong admin_key)")
        if body["room"] in self.rooms:
            raise Refusal(427, f"Room {body['room']} already exists")
        self.rooms[body["room"]] = body
        return {"videoroom": "created", "room": body["room"], "permanent": False}, None

    def do_destroy(self, handle, body, jsep):
        self.room(body, "secret")
        del self.rooms[body["room"]]
        for each in self.inside(body["room"]):
            each.room, each.streams = None, []
            self.tell(each, {"videoroom": "destroyed", "room": body["room"]})
        return {"videoroom": "destroyed", "room": body["room"], "permanent": False}, None

    def do_list(self, handle, body, jsep):
        shown = [
            {
                "room": number,
                "description": room["description"],
                "num_participants": len(self.inside(number)),
            }
            for number, room in self.rooms.items()
        ]
        return {"videoroom": "success", "list": shown}, None

    def do_listparticipants(self, handle, body, jsep):
        self.room(body, "secret")
        inside = [{"id": each.feed, "display": each.display} for each in self.inside(body["room"])]
        return {"videoroom": "participants", "room": body["room"], "participants": inside}, None

    def do_join_publisher(self, handle, body, jsep):
        self.room(body)
        handle.room, handle.feed, handle.display = body["room"], next(self.numbers), body["display"]
        publishers = [self.publisher(each) for each in self.others(handle) if each.streams]
        told = {"videoroom": "joined", "room": handle.room, "id": handle.feed, "publishers": publishers}
        return told, None

    def publisher(self, handle):
        return {"id": handle.feed, "display": handle.display, "streams": handle.streams}

    def do_publish(self, handle, body, jsep):
        if handle.room is None:
            raise Refusal(425, "Not in a room (create a new handle)")
        if handle.streams:
            raise Refusal(434, "Can't publish, already published")
        return self.do_configure(handle, body, jsep)

    def do_configure(self, handle, body, jsep):
        if handle.room is None:
            raise Refusal(425, "Not in a room (create a new handle)")
        handle.streams = [
            {
                "type": "audio" if each["description"] == "microphone" else "video",
                "mindex": number,
                **each,
                **({"disabled": True} if each["description"] == "nothing" else {}),
            }
            for number, each in enumerate(body["descriptions"])
        ]
        for other in self.others(handle):
            publishers = [self.publisher(handle)]
            self.tell(other, {"videoroom": "event", "room": handle.room, "publishers": publishers})
        told = {"videoroom": "event", "room": handle.room, "configured": "ok", "streams": handle.streams}
        return told, {"type": "answer", "sdp": f"answer to {jsep['sdp']}"}

    def do_join_subscriber(self, handle, body, jsep):
        self.room(body)
        lines = self.known(body["room"], body["streams"])
        handle.room, handle.lines = body["room"], lines
        return self.offer(handle, "attached")

    def known(self, room, streams):
        """The streams that are asked for, if there are all of them."""
        there = {
            (each.feed, stream["mid"])
            for each in self.inside(room)
            for stream in each.streams
            if "disabled" not in stream
        }
        for each in streams:
            if (each["feed"], each["mid"]) not in there:
                raise Refusal(428, f"No such feed ({each['feed']})")
        return [[each["feed"], each["mid"]] for each in streams]

    def do_update(self, handle, body, jsep):
        before = list(handle.lines)
        more = self.known(handle.room, body.get("subscribe", []))
        less = [[each["feed"], each["mid"]] for each in body.get("unsubscribe", [])]
        lines = [None if line in less else line for line in handle.lines]
        for line in more:
            if None in lines:
                lines[lines.index(None)] = line
            else:
                lines.append(line)
        handle.lines = lines
        if lines == before:
            return {"videoroom": "updated", "room": handle.room}, None
        if handle.is_offered:
            handle.is_waiting = True
            return {"videoroom": "updating", "room": handle.room}, None
        return self.offer(handle, "updated")

    def offer(self, handle, word):
        handle.is_offered = True
        handle.version += 1
        streams = [self.line(handle, mid, line) for mid, line in enumerate(handle.lines)]
        told = {"videoroom": word, "room": handle.room, "streams": streams}
        return told, {"type": "offer", "sdp": f"offer {handle.version} of {handle.number}"}

    def line(self, handle, mid, line):
        about = {"mindex": mid, "mid": str(mid), "active": line is not None, "ready": False, "send": True}
        for each in self.inside(handle.room):
            for stream in each.streams:
                if [each.feed, stream["mid"]] == line:
                    source = {"feed_mid": stream["mid"], "feed_description": stream["description"]}
                    return {"type": stream["type"], **about, "feed_id": each.feed, **source}
        return {"type": "video", **about, "active": False}

    def do_start(self, handle, body, jsep):
        if jsep is not None:
            handle.is_offered = False
        return {"videoroom": "event", "room": handle.room, "started": "ok"}, None


class JanusProtocol(WebSocketServerProtocol):
    """One connection to it."""

    session = 0

    def onConnect(self, request):
        self.janus = self.factory.janus
        self.janus.links.append(self)
        return self.janus.subprotocol if self.janus.subprotocol in request.protocols else None

    def onMessage(self, payload, isBinary):
        self.janus.received(self, json.loads(payload))

    def onClose(self, wasClean, code, reason):
        if self in self.janus.links:
            self.janus.links.remove(self)
            self.janus.forget(self)

    def say(self, **told):
        self.sendMessage(json.dumps(told).encode())

    def answer(self, told, **more):
        self.say(**{"janus": "success", **more, "transaction": told["transaction"]})

    def fail(self, told, code, reason):
        self.answer(told, janus="error", error={"code": code, "reason": reason})
