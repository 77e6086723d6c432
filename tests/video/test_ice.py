"""Tests for L{comet.video.ice}, and of how clients get it."""

import base64
import hashlib
import hmac

from twisted.trial.unittest import SynchronousTestCase

from comet.model import User
from comet.sections import Video
from comet.video import ice
from tests.video.scene import VideoCase

KNOWN = "+M5TfzqUwQHY9EoaUXQ6BHLDx3E="
TURN = ("turn:t.example:3478?transport=udp", "turns:t.example:5349")


class ServerTests(SynchronousTestCase):
    """Addresses and credentials."""

    def test_none(self):
        """Without a setting there is nothing to tell."""
        self.assertEqual(ice.servers(Video(), User(0, 7), 1000), ((), 0))

    def test_stun_alone(self):
        """Needs no credentials."""
        found = ice.servers(Video(stun=("stun:s.example",)), User(0, 7), 1000)
        self.assertEqual(found, (({"urls": ["stun:s.example"]},), 0))

    def test_turn(self):
        """The name is the time and the user, the password its HMAC-SHA1, as coturn computes it."""
        rules = Video(turn=TURN, turn_secret="north", turn_ttl=600)
        (server,), expires = ice.servers(rules, User(0, 7), 1000)
        self.assertEqual((server["urls"], server["username"], expires), (list(TURN), "1600:7", 1600))
        digest = hmac.new(b"north", b"1600:7", hashlib.sha1).digest()
        self.assertEqual(base64.b64decode(server["credential"]), digest)

    def test_a_known_credential(self):
        """
        The same as C{echo -n 1764115200:7 | openssl dgst -sha1 -hmac logen -binary | base64} prints.
        """
        self.assertEqual(ice.credential("logen", "1764115200:7"), KNOWN)

    def test_tenants(self):
        """Users of the same number are others."""
        rules = Video(turn=TURN, turn_secret="north")
        names = [ice.servers(rules, user, 0).servers[0]["username"] for user in (User(0, 7), User(2, 7))]
        self.assertEqual(names, ["86400:7", "86400:2.7"])


class ClientTests(VideoCase):
    """The command, and the answers that hold the same."""

    def test_given(self):
        """With a call, a seat, and when asked for; fresh each time."""
        self.serve(stun=("stun:s.example",), turn=TURN, turn_secret="north", turn_ttl=100)
        ann, _ = self.page(3), self.page(7)
        for cmd, more in (("ice", {}), ("call", {"user_id": 7}), ("join", {"room": "lobby"})):
            answer = ann.do(cmd, **more)
            self.assertEqual(answer["expires"], int(self.clock.seconds()) + 100)
            stun, turn = answer["ice"]
            self.assertEqual(stun, {"urls": ["stun:s.example"]})
            self.assertEqual(turn["username"], f"{answer['expires']}:3")
            self.wait(1)

    def test_no_credentials(self):
        """Nothing runs out."""
        answer = self.page(3).do("ice")
        self.assertEqual((answer["ice"], answer["expires"]), ([], None))
