"""The channel rights that sites set: kept in the store, and counting for those who listen already, too."""

from __future__ import annotations

from collections.abc import Callable, Collection

from comet.batch import Action, Batch
from comet.errors import TableFull
from comet.hub import Hub, Subscriber
from comet.rights import Rights, Rule
from comet.storage.interface import Store
from comet.storage.writes import Write


class Grants:
    """
    Keeps the rules of all tenants.

    @ivar rights: the rules, to be asked.
    """

    def __init__(
        self, store: Store, hub: Hub, most: int, changed: Callable[[], object] = lambda: None
    ) -> None:
        """
        @param most: how many rules a tenant may set.
        @param changed: is called when a rule was set or removed here.
        """
        self._changed = changed
        self.rights = Rights()
        self._store = store
        self._hub = hub
        self._most = most

    async def start(self) -> None:
        """Learn the rules from the store, which has been started; again, when they have changed."""
        self.rights.load(await self._store.rules())

    def setting(self, dev_id: int, rule: Rule) -> Action:
        """@return: the action that lets a rule count; it raises L{TableFull} if there are too many."""

        def keep() -> None:
            self.rights.set(dev_id, rule)
            self._changed()

        def put(batch: Batch) -> None:
            if not self._is_set(batch, dev_id, rule.prefix):
                self.check_room(dev_id, batch)
            batch.rules[dev_id, rule.prefix] = True
            batch.store(Write(Store.set_rule, dev_id, rule), lambda _: keep())

        return put

    def removing(self, dev_id: int, prefixes: Collection[str]) -> Action:
        """@return: the action that lets what is built in count again for these prefixes."""

        def forget(_: int) -> None:
            for prefix in prefixes:
                self.rights.remove(dev_id, prefix)
            self._changed()

        def put(batch: Batch) -> None:
            batch.rules.update(dict.fromkeys(((dev_id, prefix) for prefix in prefixes), False))
            batch.store(Write(Store.remove_rules, dev_id, prefixes), forget)

        return put

    def check_room(self, dev_id: int, batch: Batch | None = None) -> None:
        """
        @param batch: what takes effect before the rule that is asked for.
        @raise TableFull: if the tenant may not set a further rule.
        """
        own = self.rights.own(dev_id)
        steps = batch.rules.items() if batch is not None else ()
        more = sum(there - (prefix in own) for (tenant, prefix), there in steps if tenant == dev_id)
        if len(own) + more >= self._most:
            raise TableFull(
                f"The table 'channel_rights' is full: {self._most} rows, the limit [limits] channel_rights"
            )

    def _is_set(self, batch: Batch, dev_id: int, prefix: str) -> bool:
        """@return: whether there is a rule after the steps before."""
        return batch.rules.get((dev_id, prefix), prefix in self.rights.own(dev_id))

    def recheck(self) -> None:
        """Let those who listen to channels whose rules have changed leave what they may not hear any more."""
        changed, self.rights.changed = self.rights.changed, set()
        if not changed:
            return
        prefixes: dict[int, tuple[str, ...]] = {}
        for dev_id, prefix in changed:
            prefixes[dev_id] = (*prefixes.get(dev_id, ()), prefix)
        affected: dict[Subscriber, None] = {}
        for channel in self._hub.channels():
            if channel.name.startswith(prefixes.get(channel.dev_id, ())):
                affected.update(dict.fromkeys(self._hub.subscribers(channel)))
        for subscriber in affected:
            subscriber.recheck()
