"""What every store promises about channel rights; mix into a test case and write C{make_store}."""

from __future__ import annotations

from comet.rights import Rule, Who
from comet.storage.interface import Store
from comet.storage.writes import Write

SHUT = Rule("web_", publish=Who.NONE, count=Who.TOKEN)
FULL = Rule("", Who.ALL, Who.USERS, Who.TOKEN, Who.NONE, Who.ALL)


class RulesContract:
    """The promises of L{comet.storage.rules.Rules}."""

    async def test_rules_are_kept(self):
        """By tenant and prefix, the newest; what is left open stays so."""
        store = await self.make_store()
        for dev_id, rule in ((7, SHUT), (0, SHUT), (0, FULL), (7, Rule("web_"))):
            await store.set_rule(dev_id, rule)
        self.assertEqual(await store.rules(), [(0, FULL), (0, SHUT), (7, Rule("web_"))])

    async def test_rules_are_removed(self):
        """Of one tenant; the answer is how many there were."""
        store = await self.make_store()
        for dev_id in (0, 7):
            await store.set_rule(dev_id, FULL)
            await store.set_rule(dev_id, SHUT)
        self.assertEqual(await store.remove_rules(0, ["", "web_", "web", "none"]), 2)
        self.assertEqual(await store.rules(), [(7, FULL), (7, SHUT)])

    async def test_rules_in_a_batch(self):
        """They are set and removed among other writes."""
        store = await self.make_store()
        writes = [Write(Store.set_rule, 0, FULL), Write(Store.set_rule, 0, SHUT)]
        results = await store.apply([*writes, Write(Store.remove_rules, 0, ["web_"])])
        self.assertEqual((results[-1], await store.rules()), (1, [(0, FULL)]))
