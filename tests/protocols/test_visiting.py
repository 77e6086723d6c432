"""Tests for L{comet.protocols.visiting}."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from comet.model import Goodbye
from comet.protocols.visiting import Address, Unwelcome, read_address

UUID = "0123456789abcdefghijklmnopqrstuv"


def read(target):
    return read_address(target, 100)


class AddressTests(SynchronousTestCase):
    """The path of a connection says who connects."""

    def test_the_path_of_old_clients(self):
        """Below all four mounts."""
        expected = Address("hash7", 7, 1, 4, UUID)
        for mount in ("/ws/", "//ws/", "/comet-server/ws/", "//comet-server/ws/", "/ws/?"):
            target = f"{mount}sesion=hash7&myid=7&devid=1&v=4.08&uuid={UUID}&api=js"
            self.assertEqual(read(target), expected)

    def test_order_counts_only_for_unknown_names(self):
        """By name in any order; by place if the names are strange."""
        self.assertEqual(read("/ws/v=3.25&devid=1&myid=7&session=h"), Address("h", 7, 1, 3, ""))
        self.assertEqual(read("/ws/a=h&b=7&c=1&d=3.25"), Address("h", 7, 1, 3, ""))

    def test_words_for_nothing(self):
        """Clients write undefined or null where they have no value."""
        for word in ("undefined", "null", ""):
            self.assertEqual(read(f"/ws/sesion={word}&myid={word}&devid=&v=4.08"), Address("", 0, 0, 4, ""))

    def test_numbers_that_are_none_are_nobody(self):
        """Not a guess at what was meant."""
        for number in ("7x", "-7", "9999999999", "99999999999999999999", "٧"):
            self.assertEqual(read(f"/ws/sesion=h&myid={number}&devid=0&v=4.08").user_id, 0, number)
        self.assertEqual(read("/ws/sesion=h&myid=7&devid=100&v=4.08").dev_id, 0)
        self.assertEqual(read("/ws/sesion=h&myid=7&devid=99&v=4.08").dev_id, 99)

    def test_keys_keep_their_signs(self):
        """A key may hold slashes, equal signs and a plus, and may come percent-encoded."""
        self.assertEqual(read("/ws/sesion=a/b=c+d_&myid=7&devid=0&v=4.08").key, "a/b=c+d_")
        self.assertEqual(read("/ws/sesion=a%2Bb%3D&myid=7&devid=0&v=4.08").key, "a+b=")
        self.assertEqual(read(f"/ws/sesion={'k' * 5000}&myid=7&devid=0&v=4.08").key, "")

    def test_the_uuid_is_cut_where_it_ends(self):
        """Nothing else of the request gets into it."""
        for given_uuid, uuid in ((UUID, UUID), ("ab", "ab"), ("ab cd", "ab"), ("a" * 99, "a" * 64), ("", "")):
            self.assertEqual(read(f"/ws/sesion=h&myid=7&devid=0&v=4.08&uuid={given_uuid}").uuid, uuid)

    def test_what_every_client_sends_must_be_there(self):
        """The goodbye tells what is missing."""
        for target, goodbye in (
            ("/ws/", Goodbye.NO_SESSION),
            ("/ws/sesion=h", Goodbye.NO_USER),
            ("/ws/sesion=h&myid=7", Goodbye.NO_DEVELOPER),
            ("/ws/sesion=h&myid=7&devid=1", Goodbye.NO_VERSION),
            ("/ws/sesion=h&myid=7&devid=1&v=4", Goodbye.NO_VERSION),
            ("/ws/sesion=h&myid=7&devid=1&v=x.1", Goodbye.NO_VERSION),
        ):
            self.assertEqual(self.assertRaises(Unwelcome, read, target).goodbye, goodbye, target)

    @given(st.text(alphabet=st.characters(max_codepoint=0x17F)))
    def test_any_path_is_an_address_or_unwelcome(self, text):
        """Nothing else comes out, and a uuid has only the characters of one."""
        try:
            address = read(f"/ws/sesion=h&myid=7&devid=1&v=4.08&uuid={text}")
            self.assertRegex(address.uuid, r"\A[A-Za-z0-9_-]{0,64}\Z")
            read(f"/ws/{text}")
        except Unwelcome:
            pass

    def test_headers_become_facts_of_the_visitor(self):
        """Cut to what a table shows."""
        headers = {"user-agent": "x" * 300, "origin": "https://a.example", "accept-language": "en"}
        visitor = read("/ws/sesion=h&myid=7&devid=1&v=4.08").visitor("10.0.0.1", headers)
        self.assertEqual(
            (visitor.address, visitor.origin, visitor.language), ("10.0.0.1", "https://a.example", "en")
        )
        self.assertEqual(len(visitor.user_agent), 250)
