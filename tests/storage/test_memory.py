"""Tests for L{comet.storage.memory}."""

from twisted.trial.unittest import TestCase

from comet.storage.memory import MemoryStore
from tests.storage.contract import StoreContract
from tests.storage.listings import ListingsContract
from tests.storage.outboxes import OutboxesContract
from tests.storage.presences import PresencesContract
from tests.storage.records import RecordsContract
from tests.storage.rules import RulesContract


class MemoryStoreTests(
    StoreContract,
    RecordsContract,
    RulesContract,
    ListingsContract,
    PresencesContract,
    OutboxesContract,
    TestCase,
):
    """The memory store keeps the promises of all stores."""

    async def make_store(self):
        store = MemoryStore()
        await store.start()
        return store
