"""Tests for L{comet.video.sip}: what the clients of CppComet are told when they are called."""

import json
import re

from twisted.trial.unittest import SynchronousTestCase

from comet.kinds import SipServer
from comet.model import Channel, User
from comet.protocols.dialects.cppcomet import CppComet
from comet.sections import Sip
from comet.storage.records import Invitation
from comet.video.sip import SipCalls, call_pipe, choose, number

ROOM = Channel(1, "101")
#: The message that CppComet was seen to send for C{ROOM}.
SEEN = (
    '{"data":{"message":"{\\"x\\":1}","sys":{"callKey":"84e01e16-e614-11f1-8201-02fc00000001",'
    '"callPipe":"web_syscall_vA_STRAEKjAGcfSeGBwAACetRJrCUUA","caller_id":71,"conference":"true",'
    '"conference_name":"101","mode":"video","serverName":"127.0.0.1","serverPort":7443,'
    '"sipNumber":"1*101*video","stream":0}},"event":"sys_sipCall","pipe":"msg"}'
)
SETTINGS = Sip(pipesalt="pipesalt", freeswitch=(SipServer("127.0.0.1", 7443, "127.0.0.1"),))


def invitation(user_id=7, message='{"x":1}', room=ROOM, expires=1045):
    return Invitation(room, user_id, 71, message, "video", 0, expires)


class CallPipeTests(SynchronousTestCase):
    """The name of the channel in which those meet who are called."""

    def test_an_example(self):
        """
        It is a digest of number, server and secret, written with letters only. The digest is that of::

            printf '%64s_%64s_%d_%d_%32s' '1*101*video' 127.0.0.1 7443 1 pipesalt |
                openssl sha1 -binary | base64       # Gz6psQS4BsarLIXF27u93at9Wds=
        """
        name = call_pipe("1*101*video", "127.0.0.1", 7443, 1, "pipesalt")
        self.assertEqual(name, "web_syscall_vA_GzApsQSABsarLIXFAAuAAatAWdsA")

    def test_it_looks_like_that_of_cppcomet(self):
        """It has the length, the beginning, the letters and the end of one that CppComet has made."""
        shape = r"web_syscall_vA_[A-Za-z]{27}A"
        seen = json.loads(SEEN)["data"]["sys"]["callPipe"]
        self.assertRegex(seen, rf"\A{shape}\Z")
        for place in range(50):
            self.assertRegex(call_pipe(f"0*{place}*audio", "a.example", 7443, 0, "x"), rf"\A{shape}\Z")

    def test_everything_counts(self):
        """Another number, server, port, tenant or secret gives another name."""
        facts = ("1*101*video", "a.example", 7443, 1, "salt")
        others = ("1*101*audio", "b.example", 7444, 2, "tlas")
        names = {call_pipe(*facts[:at], others[at], *facts[at + 1 :]) for at in range(5)}
        self.assertEqual(len({*names, call_pipe(*facts)}), 6)


class ServerTests(SynchronousTestCase):
    """Which FreeSWITCH a conference is on."""

    def test_choice(self):
        """The same name gives the same server: the tenant and the letters, by their places, choose it."""
        servers = [SipServer(name) for name in "abc"]
        self.assertIsNone(choose([], ROOM))
        # 1,000,000 and "1" (49) at place 0, "0" (48) at 1, "1" at 2: 1,001,460, and 0 of 3 are left.
        self.assertEqual(choose(servers, ROOM), servers[1001460 % 3])
        self.assertEqual(choose(servers, Channel(0, "ab")), servers[980 % 3])

    def test_number_and_node(self):
        """The number names tenant, conference and profile; the node is the server as CppComet calls it."""
        self.assertEqual(number(ROOM, "audio"), "1*101*audio")
        self.assertEqual(SipCalls(Sip(freeswitch=(SipServer("in", 7443, "out"),))).node(ROOM), "in:7443")
        self.assertEqual(SipCalls(Sip()).node(ROOM), "")


class MessageTests(SynchronousTestCase):
    """The message itself."""

    def message(self, settings=SETTINGS, **more):
        return SipCalls(settings, **more).message(invitation(), 1000)

    def test_frame(self):
        """The frame is that of CppComet, byte for byte, but for the key and the name that is a secret."""
        message = self.message(key=lambda: "84e01e16-e614-11f1-8201-02fc00000001")
        frame = CppComet().encode(message)
        secret = re.compile(r"web_syscall_vA_\w{28}")
        self.assertEqual(secret.sub("*", frame), secret.sub("*", SEEN))
        self.assertEqual((message.user, message.expires), (User(1, 7), 1045))

    def test_the_data_stays_an_object_for_the_oldest_clients(self):
        """Clients before version 4 are given private messages as they are, too."""
        frame = json.loads(CppComet(legacy=True).encode(self.message()))
        self.assertEqual(frame["data"]["sys"]["mode"], "video")

    def test_from_the_queue(self):
        """What has waited is a text, as in CppComet."""
        message = self.message()
        message.number = 3
        frame = json.loads(CppComet().encode(message))
        self.assertIs(frame["fromQueue"], True)
        self.assertEqual(json.loads(frame["data"])["message"], '{"x":1}')

    def test_an_apostrophe(self):
        """What the old clients would break is written so that they do not, as in other messages."""
        found = SipCalls(Sip()).message(invitation(message='{"x": "it\\\\\'s"}'), 0)
        frame = CppComet().encode(found)
        self.assertNotIn("'", frame)
        self.assertEqual(json.loads(json.loads(frame)["data"]["message"]), {"x": "it\\'s"})

    def test_keys_are_fresh(self):
        """Each call has a key of its own, and all have the same channel."""
        calls = SipCalls(Sip())
        one, two = (json.loads(calls.message(invitation(id), 0).text)["sys"] for id in (7, 8))
        self.assertNotEqual(one["callKey"], two["callKey"])
        self.assertRegex(one["callKey"], r"\A[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
        self.assertEqual(one["callPipe"], two["callPipe"])

    def test_without_a_freeswitch(self):
        """Pages are told of this server; the channel is the same on all servers, whatever their addresses."""
        facts = []
        for host in ("a.example", "b.example"):
            calls = SipCalls(Sip(pipesalt="salt"))
            calls.address = SipServer(host, 8443)
            facts.append(json.loads(calls.message(invitation(), 0).text)["sys"])
        self.assertEqual(
            [(each["serverName"], each["serverPort"]) for each in facts],
            [("a.example", 8443), ("b.example", 8443)],
        )
        self.assertEqual(facts[0]["callPipe"], facts[1]["callPipe"])

    def test_without_a_secret(self):
        """One is made of the password, so that nobody knows it, and it is the same on all servers."""

        def pipe(password):
            return json.loads(self.message(Sip(), password=password).text)["sys"]["callPipe"]

        self.assertEqual(pipe("one"), pipe("one"))
        self.assertEqual(len({pipe("one"), pipe("two"), pipe("")}), 3)
