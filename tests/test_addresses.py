"""Tests for L{comet.addresses}."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from comet.addresses import Proxies, is_here, line, parse

PROXIES = Proxies(["10.0.0.0/8", "127.0.0.1/32", "fd00::/8"])


def forwarded_for(*hops):
    return {"x-forwarded-for": ", ".join(hops)}


class AddressTests(SynchronousTestCase):
    """Addresses by themselves."""

    def test_forms(self):
        """With ports, in brackets, with a zone, and IPv4 within IPv6."""
        for text, address in (
            (" 192.0.2.1 ", "192.0.2.1"),
            ("192.0.2.1:80", "192.0.2.1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("fe80::1%eth0", "fe80::1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
        ):
            self.assertEqual(str(parse(text)), address)
        for text in ("", "unknown", "_hidden", "192.0.2", "example.com", "unix"):
            self.assertIsNone(parse(text))

    def test_a_line_of_ipv6_is_a_64(self):
        """For one line has more addresses than anybody can count; one of IPv4 counts by itself."""
        self.assertEqual(line("2001:db8:1:2:3:4:5:6"), line("2001:db8:1:2::9"))
        self.assertNotEqual(line("2001:db8:1:2::9"), line("2001:db8:1:3::9"))
        self.assertEqual(line("::ffff:192.0.2.1"), "192.0.2.1")
        self.assertEqual(line("unix"), "unix")

    def test_here(self):
        """Loopback of either kind, and sockets that are no address."""
        for text in ("127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "unix"):
            self.assertTrue(is_here(text))
        self.assertFalse(is_here("192.0.2.1"))


class ProxyTests(SynchronousTestCase):
    """Whose word is taken."""

    def test_a_stranger_is_who_connects(self):
        """Whatever its headers say."""
        headers = {"x-forwarded-for": "198.51.100.1", "forwarded": "for=198.51.100.2"}
        self.assertEqual(PROXIES.visitor("192.0.2.1", headers), "192.0.2.1")
        self.assertEqual(Proxies().visitor("127.0.0.1", headers), "127.0.0.1")

    def test_the_last_hop_that_is_no_proxy(self):
        """What stands before it the visitor may have written."""
        headers = forwarded_for("1.1.1.1", "198.51.100.1", "10.2.2.2")
        self.assertEqual(PROXIES.visitor("10.1.1.1", headers), "198.51.100.1")

    def test_a_proxy_that_asks_for_itself(self):
        """Or for another proxy, or does not know."""
        self.assertEqual(PROXIES.visitor("10.1.1.1", {}), "10.1.1.1")
        self.assertEqual(PROXIES.visitor("10.1.1.1", forwarded_for("10.3.3.3", "10.2.2.2")), "10.3.3.3")
        self.assertEqual(PROXIES.visitor("10.1.1.1", forwarded_for("1.1.1.1", "unknown")), "10.1.1.1")

    def test_forwarded(self):
        """The header of the standard, where the other one is not there."""
        for value, visitor in (
            ("for=198.51.100.1", "198.51.100.1"),
            ('For="[2001:db8::1]:4711"; proto=https', "2001:db8::1"),
            ("for=1.1.1.1, proto=http;for=198.51.100.1;by=10.0.0.1, for=10.2.2.2", "198.51.100.1"),
            ("proto=https", "10.1.1.1"),
            ('for="_hidden"', "10.1.1.1"),
            ("for=1.1.1.1, for=unknown", "10.1.1.1"),
        ):
            self.assertEqual(PROXIES.visitor("10.1.1.1", {"forwarded": value}), visitor, value)
        both = {"forwarded": "for=1.1.1.1", **forwarded_for("198.51.100.1")}
        self.assertEqual(PROXIES.visitor("10.1.1.1", both), "198.51.100.1")

    @given(st.text(max_size=200), st.sampled_from(["x-forwarded-for", "forwarded"]))
    def test_anything_gives_an_address(self, value, name):
        """Whatever a proxy passes on."""
        self.assertIsNotNone(parse(PROXIES.visitor("10.1.1.1", {name: value})))

    def test_a_long_list_is_cut(self):
        """From its far end."""
        hops = ["1.1.1.1", *["10.1.1.1"] * 10_000]
        self.assertEqual(PROXIES.visitor("10.1.1.1", forwarded_for(*hops)), "10.1.1.1")
