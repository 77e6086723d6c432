"""How a Redis is named."""

from twisted.trial.unittest import SynchronousTestCase

from comet.redis_url import RedisUrl, WrongRedisUrl


class RedisUrlTests(SynchronousTestCase):
    """URLs of Redis."""

    def test_read(self):
        """All parts but the hosts have a default; escapes are undone."""
        for text, wanted in (
            ("redis://a", RedisUrl((("a", 6379),))),
            ("redis://a:1/2", RedisUrl((("a", 1),), db=2)),
            ("redis://:p%2F%40@a/", RedisUrl((("a", 6379),), password="p/@")),
            ("rediss://me:x:y@[::1]:7/0", RedisUrl((("::1", 7),), "me", "x:y", tls=True)),
            ("redis+sentinel://a,b:5/mine/1", RedisUrl((("a", 26379), ("b", 5)), db=1, service="mine")),
        ):
            self.assertEqual(RedisUrl.read(text), wanted)

    def test_refused(self):
        """What is wrong is told in a sentence that does not repeat the password."""
        for text, wanted in (
            ("", "redis://USER"),
            ("mysql://:sesame@a", "redis://USER"),
            ("redis://sesame@a", "USER:PASSWORD@"),
            ("redis://:sesame@", "HOST:PORT"),
            ("redis://:sesame@a:0", "HOST:PORT"),
            ("redis://:sesame@a:99999", "HOST:PORT"),
            ("redis://:ses/ame@a", "HOST:PORT"),
            ("redis://:sesame@a,b", "redis+sentinel"),
            ("redis://:sesame@a/x", "a number"),
            ("redis+sentinel://:sesame@a", "/SERVICE"),
        ):
            error = self.assertRaises(WrongRedisUrl, RedisUrl.read, text)
            self.assertIn(wanted, str(error))
            self.assertNotIn("sesame", str(error))
            self.assertNotIn("ame@", str(error))

    def test_shown(self):
        """It is shown without user and password."""
        for text, wanted in (
            ("redis://me:sesame@a", "redis://a:6379/0"),
            ("rediss://:sesame@[::1]/2", "rediss://[::1]:6379/2"),
            ("redis+sentinel://me:sesame@a,b/mine", "redis+sentinel://a:26379,b:26379/mine/0"),
        ):
            self.assertEqual(str(RedisUrl.read(text)), wanted)
            self.assertNotIn("sesame", repr(RedisUrl.read(text)))
