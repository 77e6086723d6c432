"""Tests for L{comet.protocols.janus.signals}: what pages may say, and how what they must not is refused."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from comet.errors import BadValue, Refused
from comet.protocols.janus import signals
from comet.protocols.janus.signals import Accepts, Anew, Candidate, Offer, read_signal

SDP = "v=0\r\na=fingerprint:sha-256 AA:BB\r\nm=audio\r\na=fingerprint:sha-256 AA:BB\r\n"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
KEYS = ("kind", "description", "candidate", "streams", "offer", "connection", "type", "sdp", "mid", "source")


class ReadTests(SynchronousTestCase):
    """What pages say."""

    def test_offer(self):
        """A page offers to send, with what each line shows, and a number if it likes."""
        description = {"type": "offer", "sdp": SDP}
        streams = [{"mid": "0", "source": "microphone"}, {"mid": "1", "source": "camera"}]
        said = {"kind": "publish", "description": description, "streams": streams}
        offer = read_signal({**said, "offer": 4})
        self.assertEqual(offer, Offer(SDP, {"0": "microphone", "1": "camera"}, 4))
        self.assertEqual(offer.fingerprints, {"sha-256 AA:BB"})
        self.assertIsNone(read_signal(said).number)

    def test_accepts(self):
        """A page takes an offer."""
        description = {"type": "answer", "sdp": "v=0"}
        said = {"kind": "subscribe", "description": description}
        self.assertEqual(read_signal(said), Accepts("v=0"))
        self.assertEqual(read_signal({**said, "offer": 7}), Accepts("v=0", 7))

    def test_candidates(self):
        """Of a candidate that is passed on which Janus knows; the end has two spellings."""
        told = {"candidate": "candidate:1 1 udp", "sdpMid": "0", "sdpMLineIndex": 0}
        for kind in ("publish", "subscribe"):
            said = {"kind": kind, "candidate": {**told, "usernameFragment": "x"}, "connection": 3}
            self.assertEqual(read_signal(said), Candidate(kind, told, 3))
            for end in (None, {"candidate": "", "sdpMid": "0"}):
                self.assertEqual(
                    read_signal({"kind": kind, "candidate": end}), Candidate(kind, {"completed": True})
                )
        bare = {"candidate": "candidate:1", "sdpMid": None, "sdpMLineIndex": None}
        said = {"kind": "publish", "candidate": bare}
        self.assertEqual(read_signal(said).candidate, {"candidate": "candidate:1"})

    def test_anew(self):
        """A page asks for another connection."""
        self.assertEqual(read_signal({"kind": "subscribe"}), Anew())

    def test_refused(self):
        """What is wrong is named."""
        offer = {"type": "offer", "sdp": SDP}
        publish, many = {"kind": "publish"}, [{"mid": "0", "source": "x"}] * 65
        for said, what in (
            ({}, "kind"),
            ({"kind": "call"}, "kind"),
            ({"kind": ["publish"]}, "kind"),
            (publish, "data"),
            ({**publish, "description": None}, "description"),
            ({**publish, "description": {"type": "answer", "sdp": SDP}}, "description"),
            ({"kind": "subscribe", "description": offer}, "description"),
            ({**publish, "description": {"type": "offer"}}, "sdp"),
            ({**publish, "description": {"type": "offer", "sdp": "\ud800"}}, "sdp"),
            ({**publish, "description": {"type": "offer", "sdp": "v=0"}}, "sdp"),
            ({**publish, "description": offer, "streams": {}}, "streams"),
            ({**publish, "description": offer, "streams": many}, "streams"),
            ({**publish, "description": offer, "streams": ["0"]}, "streams"),
            ({**publish, "description": offer, "streams": [{"mid": 0, "source": "x"}]}, "mid"),
            ({**publish, "description": offer, "streams": [{"mid": "0", "source": "<b>"}]}, "source"),
            ({**publish, "description": offer, "streams": [{"mid": "0", "source": "x" * 33}]}, "source"),
            ({**publish, "description": offer, "offer": "1"}, "offer"),
            ({**publish, "description": offer, "offer": -1}, "offer"),
            ({**publish, "candidate": "candidate:1"}, "candidate"),
            ({**publish, "candidate": {}}, "candidate"),
            ({**publish, "candidate": {"candidate": "x", "sdpMid": 0}}, "sdpMid"),
            ({**publish, "candidate": {"candidate": "x", "sdpMLineIndex": "0"}}, "sdpMLineIndex"),
            ({**publish, "candidate": None, "connection": 1.5}, "connection"),
        ):
            error = self.assertRaises(BadValue, read_signal, said)
            self.assertIn(f"Incorrect {what}:", str(error), said)

    @given(st.dictionaries(st.sampled_from(KEYS), st.sampled_from(("publish", "subscribe")) | JSON))
    def test_anything(self, said):
        """Whatever is said is understood, or refused."""
        try:
            found = read_signal(said)
        except Refused:
            return
        self.assertIsInstance(found, Offer | Accepts | Candidate | Anew)


class WriteTests(SynchronousTestCase):
    """What pages are told."""

    def test_numbers(self):
        """Numbers are told where there are any."""
        answer = {"kind": "publish", "description": {"type": "answer", "sdp": "v=0"}}
        self.assertEqual(signals.accepted("v=0", None), answer)
        self.assertEqual(signals.accepted("v=0", 0), {**answer, "offer": 0})
        failed = {"kind": "subscribe", "failed": "why", "offer": 3}
        self.assertEqual(signals.failed("subscribe", "why", 3), failed)

    def test_the_room_is_not_told(self):
        """The number of the room in Janus is left out of descriptions, and nothing else is."""
        sdp = "v=0\r\no=- 1 1 IN IP4 192.0.2.2\r\ns=VideoRoom 8448382575620455\r\nt=0 0\r\na=x:s=1\r\n"
        bare = sdp.replace("VideoRoom 8448382575620455", "-")
        self.assertEqual(signals.accepted(sdp, None)["description"], {"type": "answer", "sdp": bare})
        self.assertEqual(signals.offered(sdp, [], 1, 2)["description"], {"type": "offer", "sdp": bare})

    def test_candidates(self):
        """The end of candidates is null."""
        end = {"kind": "subscribe", "candidate": None, "connection": 2}
        for last in ({"completed": True}, None):
            self.assertEqual(signals.candidate("subscribe", last, 2), end)
