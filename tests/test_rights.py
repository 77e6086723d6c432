"""Tests for L{comet.rights}."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from comet.errors import NotAllowed
from comet.identity import ANONYMOUS, Claims, Identity, Right
from comet.model import Channel
from comet.rights import BUILT_IN, Rights, Rule, Who

ANN = Identity(7)
SUBSCRIBE, PUBLISH, HISTORY, MEMBERS, COUNT = Right

PREFIXES = st.one_of(st.text("ab", max_size=4), st.sampled_from([rule.prefix for rule in BUILT_IN]))
WORDS = st.one_of(st.none(), st.sampled_from(list(Who)))
RULES = st.builds(Rule, PREFIXES, WORDS, WORDS, WORDS, WORDS, WORDS)


def with_token(user_id=7, **channels):
    return Identity(user_id, Claims.read(channels, 99))


class RightsCase(SynchronousTestCase):
    """Asking for rights."""

    def setUp(self):
        self.rights = Rights()

    def may(self, right, name, who=ANONYMOUS, hidden=False, dev_id=0):
        try:
            self.rights.check(right, Channel(dev_id, name), who, hidden)
        except NotAllowed:
            return False
        return True

    def refusal(self, right, name, who=ANONYMOUS, hidden=False):
        """@return: the sentence."""
        return str(self.assertRaises(NotAllowed, self.rights.check, right, Channel(0, name), who, hidden))


class DefaultTests(RightsCase):
    """Without a setting the kinds of channels are those that clients of CppComet know."""

    #: For each kind who may subscribe, publish, read the history, list and count: anybody, or users (u).
    KINDS = {
        "plain": "a-a--",
        "web_x": "aaa-a",
        "webauth_x": "aua-a",
        "track_x": "a-aaa",
        "private_x": "u-u--",
        "user_status_7": "a-a--",
        "trust_x": "a-a--",
        "call_user_7": "aua--",
        "call_room_x": "u-a--",
        "self_x": "uuuuu",
    }

    def test_kinds(self):
        """The name of a channel says who has which right."""
        for name, letters in self.KINDS.items():
            for right, letter in zip(Right, letters, strict=True):
                self.assertEqual(self.may(right, name), letter == "a", (name, right))
                self.assertEqual(self.may(right, name, ANN), letter in "au", (name, right))

    def test_a_sender_may_hide_but_not_in_webauth(self):
        """There the sender is always named, whatever the rules say."""
        self.assertTrue(self.may(PUBLISH, "web_x", hidden=True))
        self.rights.set(0, Rule("webauth_", publish=Who.ALL))
        self.assertFalse(self.may(PUBLISH, "webauth_x", ANN, hidden=True))
        self.assertIn("always names", self.refusal(PUBLISH, "webauth_x", ANN, hidden=True))

    def test_sentences(self):
        """Who is refused learns what would be needed, and for which channel."""
        for right, name, words in (
            (SUBSCRIBE, "private_x", "only signed-in users may listen to channel private_x"),
            (PUBLISH, "plain", "only who has a token that says so may publish to channel plain"),
            (MEMBERS, "web_x", "only who has a token that says so may list who listens to channel web_x"),
            (PUBLISH, "user_status_7", "no browser may publish to channel user_status_7"),
            (HISTORY, "self_x", "each user's own: sign in"),
            (PUBLISH, "sys", "only the server speaks in sys"),
        ):
            self.assertIn(words, self.refusal(right, name))


class RuleTests(RightsCase):
    """Rules that a site sets."""

    def test_the_longest_prefix_counts(self):
        """A whole name is a prefix of itself; a shorter name than the prefix is not meant."""
        self.rights.set(0, Rule("web_news", publish=Who.NONE))
        self.rights.set(0, Rule("web_news_ann", publish=Who.USERS))
        for name, may, ann_may in (
            ("web_new", True, True),
            ("web_news", False, False),
            ("web_news_an", False, False),
            ("web_news_ann", False, True),
            ("web_news_anna", False, True),
        ):
            self.assertEqual((self.may(PUBLISH, name), self.may(PUBLISH, name, ANN)), (may, ann_may), name)

    def test_what_is_left_open(self):
        """Is as the built-in rule of the same prefix says, else as the next shorter prefix, now and later."""
        self.rights.set(0, Rule("web_", publish=Who.NONE))
        self.rights.set(0, Rule("web_news", history=Who.NONE))
        self.assertTrue(self.may(COUNT, "web_x"))
        self.assertFalse(self.may(PUBLISH, "web_news"))
        self.rights.set(0, Rule("web_", publish=Who.USERS))
        self.assertTrue(self.may(PUBLISH, "web_news", ANN))
        self.assertFalse(self.may(HISTORY, "web_news", ANN))

    def test_one_rule_shuts_all(self):
        """The rule of the empty prefix is that of all kinds that do not say otherwise."""
        self.rights.set(0, Rule("", subscribe=Who.USERS, history=Who.NONE))
        for name in ("plain", "web_x", "track_x"):
            self.assertFalse(self.may(SUBSCRIBE, name))
            self.assertTrue(self.may(SUBSCRIBE, name, ANN))
            self.assertFalse(self.may(HISTORY, name, ANN))
        self.assertTrue(self.may(HISTORY, "private_x", ANN))
        self.assertTrue(self.may(PUBLISH, "web_x"))

    def test_tenants(self):
        """Each has its own."""
        self.rights.set(1, Rule("web_", publish=Who.NONE))
        self.assertTrue(self.may(PUBLISH, "web_x"))
        self.assertFalse(self.may(PUBLISH, "web_x", dev_id=1))

    def test_removing(self):
        """What is built in counts again; nothing is left of it."""
        self.rights.set(0, Rule("web_", publish=Who.NONE))
        self.rights.remove(0, "web_")
        self.rights.remove(0, "never set")
        self.assertTrue(self.may(PUBLISH, "web_x"))
        self.assertEqual((dict(self.rights.own(0)), self.rights._own), ({}, {}))

    def test_changes_are_noted(self):
        """Those that change something, until somebody has taken notice."""
        self.rights.set(1, Rule("a"))
        self.rights.remove(1, "a")
        self.rights.remove(1, "b")
        self.assertEqual(self.rights.changed, {Channel(1, "a")})

    def test_names_of_the_server(self):
        """Nobody publishes to them, whatever the rules or a token say."""
        self.rights.set(0, Rule("", publish=Who.ALL))
        for name in ("msg", "sys", "_answer"):
            self.assertFalse(self.may(PUBLISH, name, with_token(publish=["*"])))
        self.assertTrue(self.may(PUBLISH, "plain"))
        self.assertFalse(self.may(PUBLISH, "user_status_7"))

    def test_own_channels_need_an_owner(self):
        """Even if a rule would let anybody in."""
        self.rights.set(0, Rule("self_", *[Who.ALL] * 5))
        self.assertFalse(self.may(SUBSCRIBE, "self_x"))
        self.assertTrue(self.may(SUBSCRIBE, "self_x", ANN))

    @given(st.lists(RULES, max_size=8), st.text("ab", max_size=6), st.sampled_from(["", "web_", "private_"]))
    def test_as_a_plain_model(self, rules, rest, kind):
        """For each right: the longest prefix that says something, a site's word before the built-in one."""
        rights = Rights()
        for rule in rules:
            rights.set(3, rule)
        own = {rule.prefix: rule for rule in rules}
        built_in = {rule.prefix: rule for rule in BUILT_IN}
        name = kind + rest
        found = rights.table(3).rule(name)
        for right in Right:
            said = [
                layer[name[:length]].who(right)
                for length in range(len(name), -1, -1)
                for layer in (own, built_in)
                if name[:length] in layer and layer[name[:length]].who(right) is not None
            ]
            self.assertIs(found.who(right), said[0])


class TokenTests(RightsCase):
    """What a token grants besides."""

    def test_a_token_adds(self):
        """It opens what the rules do not, and takes nothing away."""
        ann = with_token(publish=["plain"], subscribe=["vip_*"])
        self.assertTrue(self.may(PUBLISH, "plain", ann))
        self.assertFalse(self.may(PUBLISH, "plainer", ann))
        self.assertTrue(self.may(PUBLISH, "web_x", ann))
        self.assertTrue(self.may(SUBSCRIBE, "plain", ann))
        self.rights.set(0, Rule("vip_", subscribe=Who.TOKEN))
        self.assertFalse(self.may(SUBSCRIBE, "vip_1", ANN))
        self.assertTrue(self.may(SUBSCRIBE, "vip_1", ann))

    def test_none_is_nobody(self):
        """Not even who has it in a token."""
        self.rights.set(0, Rule("vip_", subscribe=Who.NONE))
        self.assertFalse(self.may(SUBSCRIBE, "vip_1", with_token(subscribe=["*"])))
