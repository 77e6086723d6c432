"""Tests for L{comet.protocols.websocket}, on in-memory transports."""

from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from comet.model import Channel, Goodbye, Message, User
from comet.protocols.reception import Reception
from comet.protocols.sockets import LINGER_SECONDS
from comet.protocols.websocket import BrowserFactory
from comet.protocols.wheel import Wheel
from comet.refusals import Reason
from comet.storage.records import TenantKey
from tests.protocols.browser import ACCEPT, Browser, frame, request
from tests.running import SlowStore, finish, make_broker


class WebSocketCase(SynchronousTestCase):
    """Browsers around one factory."""

    def setUp(self):
        self.clock = Clock()
        self.serve(make_broker(time=50, message=1000))
        finish(self.broker.store.set_key(User(1, 7), "key7"))
        self.logged = []
        globalLogPublisher.addObserver(self.logged.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.logged.append)

    def serve(self, broker, **more):
        self.broker = broker
        self.reception = Reception(broker, Wheel(self.clock), server="comet test", **more)
        self.factory = BrowserFactory(self.reception, self.clock)

    def browser(self, path=None, **headers):
        browser = Browser(self.factory)
        return browser.open(path, **headers) if path else browser.open(**headers)

    def complaints(self):
        return [event for event in self.logged if event["log_level"].name in ("warn", "error", "critical")]


class HandshakeTests(WebSocketCase):
    """Opening a connection."""

    def test_the_answer_of_the_rfc(self):
        """101 and the accept key; no extension, no subprotocol; then the welcome."""
        browser = self.browser()
        self.assertTrue(browser.head.startswith(b"HTTP/1.1 101 "))
        self.assertIn(f"Sec-WebSocket-Accept: {ACCEPT}".encode(), browser.head)
        self.assertNotIn(b"Sec-WebSocket-Protocol", browser.head)
        self.assertNotIn(b"Sec-WebSocket-Extensions", browser.head)
        (welcome,) = browser.heard()
        self.assertEqual(
            welcome,
            {
                "authorized": False,
                "data": "",
                "event": "serverInfo",
                "message_send_time": 50,
                "pipe": "sys",
                "server": "comet test",
            },
        )

    def test_header_names_are_the_same_in_any_case(self):
        """As proxies write them."""
        line, *lines = request().split(b"\r\n")
        for changed in (bytes.lower, bytes.upper):
            fields = [
                changed(each.partition(b":")[0]) + b":" + each.partition(b":")[2] for each in lines[:-2]
            ]
            browser = Browser(self.factory)
            browser.send(b"\r\n".join([line, *fields, b"", b""]))
            self.assertTrue(browser.socket.value().startswith(b"HTTP/1.1 101 "))

    def test_the_subprotocol_chat_is_confirmed_if_offered(self):
        """And no other."""
        self.assertIn(b"Sec-WebSocket-Protocol: chat", self.browser(Sec_WebSocket_Protocol="x, chat").head)
        self.assertNotIn(b"Sec-WebSocket-Protocol", self.browser(Sec_WebSocket_Protocol="x").head)

    def test_a_user_signs_in_by_the_path(self):
        """With the key of the tenant's user."""
        (welcome,) = self.browser("/ws/sesion=key7&myid=7&devid=1&v=4.08&uuid=U&api=js").heard()
        self.assertEqual((welcome["authorized"], welcome["data"]), (True, "key7"))

    def test_frames_glued_to_the_request_are_served(self):
        """After the welcome."""
        browser = Browser(self.factory).open(glued=frame("pipe_count\nweb_x\nM"))
        self.assertEqual([heard["pipe"] for heard in browser.heard()], ["sys", "_answer_pipe_count"])

    def test_an_address_without_parameters_is_told_so(self):
        """The handshake is completed, one frame that makes old clients stay away, and the end."""
        browser = self.browser("/ws/sesion=x&myid=1")
        (farewell,) = browser.heard()
        self.assertEqual((farewell["error"], farewell["pipe"], farewell["event"]), (406, "sys", "error"))
        self.assertEqual(browser.socket.ended, "lost")
        self.assertEqual(self.reception.traffic.added, 0)

    def test_pages_of_other_origins_are_refused(self):
        """If a list is given; programs that are no pages are not."""
        self.serve(self.broker, origins=("good.example",))
        (farewell,) = self.browser(Origin="https://evil.example").heard()
        self.assertEqual(farewell["error"], 423)
        self.assertEqual(self.browser(Origin="https://good.example").heard()[0]["event"], "serverInfo")
        self.assertEqual(self.browser().heard()[0]["event"], "serverInfo")

    def test_a_tenant_names_its_pages(self):
        """In the table of tenants; nobody else's may connect to it, and they are counted."""
        tenant = TenantKey(5, "key of five", "https://five.example/chat/")
        finish(self.broker.commit([self.broker.accounts.setting_tenant(tenant)]))
        path = "/ws/sesion=&myid=0&devid=5&v=4.08&uuid=&api=js"
        welcome, *_ = self.browser(path, Origin="https://five.example").heard()
        self.assertEqual(welcome["event"], "serverInfo")
        self.assertEqual(self.browser(path, Origin="https://six.example").heard()[0]["error"], 423)
        self.assertEqual(self.browser(Origin="https://six.example").heard()[0]["event"], "serverInfo")
        self.assertEqual(self.broker.refusals, {Reason.ORIGIN: 1})

    def test_the_server_is_named_without_a_version(self):
        """In the head; what is told to clients afterwards has it."""
        self.assertIn(b"\r\nServer: comet\r\n", self.browser().head)

    def test_pages_without_an_origin_are_as_good_as_others(self):
        """Those in files and in sandboxes, unless a list is given that they cannot be on."""
        for origin in ("null", "file://"):
            self.serve(self.broker)
            self.assertEqual(self.browser(Origin=origin).heard()[0]["event"], "serverInfo")
            self.serve(self.broker, origins=("good.example",))
            self.assertEqual(self.browser(Origin=origin).heard()[0]["error"], 423)

    def test_clients_before_version_4_get_their_form(self):
        """Strings for everything."""
        (welcome,) = self.browser("/ws/sesion=&myid=0&devid=0&v=3.25&uuid=").heard()
        self.assertEqual((welcome["authorized"], welcome["event_name"]), ("false", "serverInfo"))

    def test_no_upgrade_is_a_bad_request(self):
        """Answered in HTTP."""
        browser = self.browser(Upgrade="")
        self.assertTrue(browser.head.startswith(b"HTTP/1.1 4"), browser.head)
        self.assertIsNotNone(browser.socket.ended)


class MessageTests(WebSocketCase):
    """Talking."""

    def test_too_many_messages(self):
        """Are refused with one frame, and then the client is sent away; it may come back."""
        self.serve(make_broker(messages_per_second=1, messages_burst=2))
        browser = self.browser()
        browser.heard()
        for _ in range(5):
            browser.say("pipe_count\nweb_x\nM")
        first, second, refusal, goodbye = browser.heard()
        self.assertEqual([first["marker"], second["marker"]], ["M", "M"])
        self.assertIn("Too many messages", refusal["data"]["error"])
        self.assertEqual((goodbye["data"]["error_code"], "error" in goodbye), (4020, False))
        self.assertEqual(browser.socket.ended, "lost")
        self.assertEqual(self.broker.refusals, {Reason.MESSAGES: 3})

    def test_the_conversation_of_two_clients(self):
        """Subscribe, send, receive, report."""
        one, two = (
            self.browser("/ws/sesion=key7&myid=7&devid=1&v=4.08&uuid=U&api=js"),
            self.browser("/ws/sesion=&myid=0&devid=1&v=4.08&uuid=V&api=js"),
        )
        for browser in (one, two):
            browser.say("subscription\nweb_chat")
            browser.heard()
        one.say('web_pipe2\nweb_chat\nnewMessage\n*\n{"text":"it\'s me"}')
        (report,), (message,) = one.heard(), two.heard()
        self.assertEqual(report["data"], {"message": '{"text":"it\'s me"}', "number_messages": 1})
        self.assertEqual((message["data"], message["user_id"]), ('{"text":"it\'s me"}', 7))

    def test_fragments_pings_and_big_frames(self):
        """All that RFC 6455 allows."""
        browser = self.browser()
        browser.heard()
        browser.send(
            frame("pipe_count\n", fin=False) + frame(b"hello", opcode=9) + frame("web_x\nM", opcode=0)
        )
        self.assertEqual(browser.heard()[0], (10, b"hello"))
        browser.say("web_pipe2\nweb_x\n\n*\n" + "x" * 1000)
        self.assertEqual(browser.heard()[0]["data"]["message"], "x" * 1000)
        browser.say("web_pipe2\nweb_x\n\n*\n" + "x" * 1001)
        self.assertIn("1001 bytes, at most 1000", browser.heard()[0]["data"]["error"])

    def test_commands_are_answered_in_order(self):
        """A question that takes time holds up those behind it, and many of them pause the socket."""
        store = SlowStore()
        self.serve(make_broker(store, inbox_messages=2))
        browser = self.browser()
        browser.heard()
        self.patch(self.broker, "history", lambda channel: self._slow_history(store, channel))
        browser.say("pipe_log\nweb_log\nM")
        for number in range(4):
            browser.say(f"pipe_count\nweb_x\nM{number}")
        self.assertEqual((browser.heard(), browser.socket.producerState), ([], "paused"))
        store.settle()
        self.assertEqual([heard.get("marker") for heard in browser.heard()], [None, "M0", "M1", "M2", "M3"])
        self.assertEqual(browser.socket.producerState, "producing")

    async def _slow_history(self, store, channel):
        await store.queue(User(0, 1))
        return [Message(channel, "say", "old", 1)]

    def test_a_full_socket_makes_messages_wait(self):
        """And when there is room they come, in order."""
        browser = self.browser()
        browser.say("subscription\nchat")
        browser.heard()
        channel = Channel(0, "chat")
        browser.socket.producer.pauseProducing()
        for text in "abc":
            finish(self.broker.publish(Message(channel, "say", text, 1)))
        self.assertEqual(browser.heard(), [])
        browser.socket.producer.resumeProducing()
        self.assertEqual([heard["data"] for heard in browser.heard()], ["a", "b", "c"])


class EndTests(WebSocketCase):
    """Closing a connection."""

    def online(self):
        return (self.reception.traffic.online.total(), len(self.reception.sessions), len(self.broker.hub))

    def test_a_close_frame_is_answered_by_the_end_of_the_connection(self):
        """Never by a Close frame: old clients come back only after an unclean end."""
        browser = self.browser()
        browser.say("subscription\nchat")
        browser.heard()
        browser.send(frame(b"\x03\xe8", opcode=8))
        self.assertEqual((browser.heard(), browser.socket.ended), ([], "lost"))
        browser.vanish(Failure(ConnectionDone()))
        self.assertEqual(self.online(), (0, 0, 0))
        self.assertEqual(self.complaints(), [])

    def test_the_server_ends_a_connection_without_a_close_frame(self):
        """After the goodbye in words."""
        browser = self.browser()
        browser.heard()
        self.reception.lose_all(Goodbye.SHUTDOWN)
        (farewell,) = browser.heard()
        self.assertEqual(farewell["data"]["error_code"], Goodbye.SHUTDOWN.code)
        self.assertNotIn("error", farewell)
        self.assertEqual(browser.socket.ended, "lost")

    def test_a_peer_that_does_not_take_its_last_bytes_is_cut_off(self):
        """After some seconds; one that is gone by then is left alone."""
        stuck, gone = self.browser(), self.browser()
        for browser in (stuck, gone):
            browser.socket.end = lambda how, socket=browser.socket: setattr(socket, "ended", how)
        self.reception.lose_all(Goodbye.SHUTDOWN)
        gone.vanish(Failure(ConnectionDone()))
        self.clock.advance(LINGER_SECONDS + 1)
        self.assertEqual((stuck.socket.ended, gone.socket.ended), ("aborted", "lost"))
        stuck.vanish(Failure(ConnectionDone()))

    def test_breaking_the_protocol_ends_that_connection_only(self):
        """Logged once, with the peer."""
        for nonsense in (
            frame("nonsense"),
            frame(""),
            frame("subscription\nx", opcode=2),
            frame("subscription\nx", masked=False),
            frame(b"subscription\n\xff\xfe"),
            frame("x" * 6000),
            b"\xff\xff\xff\xff",
        ):
            self.logged.clear()
            bad, good = self.browser(), self.browser()
            for browser in (bad, good):
                browser.heard()
            bad.send(nonsense)
            self.assertIsNotNone(bad.socket.ended, nonsense[:20])
            self.assertNotIn(8, [heard[0] for heard in bad.heard() if isinstance(heard, tuple)])
            bad.vanish(Failure(ConnectionDone()))
            good.say("pipe_count\nweb_x\nM")
            self.assertEqual(len(good.heard()), 1)
            (complaint,) = self.complaints()
            self.assertIn("192.0.2.1", str(complaint["peer"]))

    def test_an_oversized_frame_is_refused_by_its_header(self):
        """Before its payload has come."""
        browser = self.browser()
        browser.send(frame("x" * 100_000)[:14])
        self.assertIsNotNone(browser.socket.ended)

    def test_a_slow_handshake_is_ended(self):
        """After the seconds of the limit."""
        browser = Browser(self.factory)
        browser.send(b"GET /ws/ HTTP/1.1\r\n")
        self.clock.pump([1.0] * 12)
        self.assertIsNotNone(browser.socket.ended)

    def test_a_silent_client_is_asked_and_then_dropped(self):
        """A pong keeps it."""
        self.serve(self.broker, ping_seconds=10)
        answering, silent = self.browser(), self.browser()
        for browser in (answering, silent):
            browser.heard()
        self.clock.pump([1.0] * 12)
        ((opcode, payload),) = answering.heard()
        self.assertEqual(opcode, 9)
        answering.send(frame(payload, opcode=10))
        self.clock.pump([1.0] * 12)
        self.assertEqual((answering.socket.ended, silent.socket.ended), (None, "aborted"))
