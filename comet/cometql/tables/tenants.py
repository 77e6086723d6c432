"""The table of tenants, for who runs the server."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from comet.batch import Action
from comet.cometql import values
from comet.cometql.results import Kind, Value
from comet.cometql.tables.table import Declared, Row, Table
from comet.cometql.values import as_integer
from comet.errors import NotAllowed, TooLong, TooShort
from comet.model import ID_LIMIT
from comet.storage.listings import Most
from comet.storage.records import TenantKey

#: A key shorter than this is guessed.
SHORTEST_KEY, LONGEST_KEY = 8, 255
URL_LENGTH = 255


class DevConfig(Table[TenantKey, int]):
    """The own keys of tenants."""

    name = "dev_config"
    doc = "The own keys of tenants, which they log in and sign tokens with. For root alone."
    declared = (
        Declared("id", Kind.INT, 11, "the tenant", key=True, unique=True, required=True, default=0),
        Declared("key", Kind.VARCHAR, LONGEST_KEY, "the key: 8 to 255 characters", required=True),
        Declared(
            "url",
            Kind.VARCHAR,
            URL_LENGTH,
            "where the pages of the tenant are, between commas; no others may connect",
        ),
    )
    listable = True

    def lookup(self, value: Value) -> int | None:
        """@return: the number that C{value} is or spells, if it can be a tenant."""
        number = as_integer(value)
        return number if number is not None and 1 <= number <= ID_LIMIT else None

    def check_reader(self, dev_id: int) -> None:
        """@raise NotAllowed: if this is not the database of root, which no tenant can select."""
        if dev_id:
            raise NotAllowed(f"table '{self.name}' is for root alone, in the database CometQL_v1")

    async def rows(self, dev_id: int, keys: Sequence[int]) -> Sequence[Row]:
        """@return: a row for each of these tenants with a key of its own."""
        self.check_reader(dev_id)
        found = map(self.broker.accounts.tenant, keys)
        return [tuple(tenant) for tenant in found if tenant is not None]

    async def all_rows(self, dev_id: int, most: Most) -> Sequence[Row]:
        """@return: a row for each tenant with a key of its own."""
        self.check_reader(dev_id)
        return [tuple(tenant) for tenant in self.broker.accounts.tenants()]

    def admit(self, dev_id: int, row: Sequence[Value]) -> TenantKey:
        """@return: a key for a tenant."""
        self.check_reader(dev_id)
        tenant, key, url = row
        number = values.user_id(tenant, "id", 1)  # root, who is 0, has the main password
        written = values.bounded_text(key, "key", LONGEST_KEY * 4)
        if len(written) < SHORTEST_KEY:
            raise TooShort(f"Data too short for column 'key': at least {SHORTEST_KEY} characters")
        if len(written) > LONGEST_KEY:
            raise TooLong(f"Data too long for column 'key': at most {LONGEST_KEY} characters")
        return TenantKey(number, written, values.bounded_text(url, "url", URL_LENGTH))

    def writing(self, entry: TenantKey) -> Action:
        """@return: what gives the tenant this key in place of any other."""
        return self.broker.accounts.setting_tenant(entry)

    def insert_id(self, entry: TenantKey) -> int:
        """@return: the number of the tenant."""
        return entry.dev_id

    def removing(self, dev_id: int, keys: Collection[int]) -> Action:
        """@return: what leaves these tenants with the main password alone."""
        self.check_reader(dev_id)
        return self.broker.accounts.removing_tenants(keys)
