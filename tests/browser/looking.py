"""What pages have in common, whatever browser shows them."""

from __future__ import annotations

from twisted.internet import reactor
from twisted.internet.task import deferLater

#: Seconds: until a condition holds, between two looks at it.
PATIENCE, GLANCE = 15, 0.05


class BrowserError(Exception):
    """The browser refused a command, did not answer it, or a script in the page failed."""


class Looking:
    """A page in which expressions of JavaScript have values."""

    async def evaluate(self, expression: str):
        """@return: the value of a JavaScript expression, awaited if it is a promise."""
        raise NotImplementedError

    async def wait_for(self, condition: str, timeout: float = PATIENCE):
        """@return: the first value of a JavaScript expression that is true."""
        deadline = reactor.seconds() + timeout
        while True:
            try:
                seen = await self.evaluate(condition)
            except BrowserError as error:
                seen, trouble = None, str(error)  # the page may be on its way to another
            else:
                trouble = ""
            if seen:
                return seen
            if reactor.seconds() > deadline:
                text = await self.evaluate("document.body?.innerText")
                raise AssertionError(f"in vain: {condition} {trouble}\nThe page says:\n{text}")
            await deferLater(reactor, GLANCE)
