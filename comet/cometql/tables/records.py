"""Tables of records: what a site notes about its users, and the tokens that open nothing any more."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from comet.batch import Action, storing
from comet.cometql import values
from comet.cometql.results import Kind, Value
from comet.cometql.tables.table import Declared, Row, Table, UserTable, id_column, users
from comet.cometql.values import as_text
from comet.model import User
from comet.storage.interface import Store
from comet.storage.listings import Most
from comet.storage.writes import Write
from comet.tokens import TOKEN_LIMIT

#: The longest record about a user, in bytes of UTF-8.
DATA_LIMIT = (1 << 16) - 1


class _Data(NamedTuple):
    user: User
    data: str


class UsersData(UserTable[_Data]):
    """What a site notes about its users."""

    name = "users_data"
    doc = "A text about a user, which every browser of the tenant may read."
    declared = (
        id_column("the user", unique=True, required=True),
        Declared("data", Kind.TEXT, DATA_LIMIT, "the text: at most 65535 bytes", required=True),
    )

    async def rows(self, dev_id: int, keys: Sequence[int]) -> Sequence[Row]:
        """@return: a row for each user that something is noted about."""
        wanted = users(dev_id, keys)
        found = await self.broker.store.data(wanted)
        return [(user.user_id, found[user]) for user in wanted if user in found]

    async def all_rows(self, dev_id: int, most: Most) -> Sequence[Row]:
        """@return: a row for each user that something is noted about."""
        found = await self.broker.store.all_data(dev_id, most)
        return [(user.user_id, data) for user, data in found.items()]

    def admit(self, dev_id: int, row: Sequence[Value]) -> _Data:
        """@return: a text about a user."""
        user_id, data = row
        user = User(dev_id, values.user_id(user_id, "id", 1))
        return _Data(user, values.bounded_text(data, "data", DATA_LIMIT))

    def writing(self, entry: _Data) -> Action:
        """@return: what notes this in place of anything else."""
        return storing(Write(Store.set_data, entry.user, entry.data))

    def insert_id(self, entry: _Data) -> int:
        """@return: the id of the user."""
        return entry.user.user_id

    def removing(self, dev_id: int, keys: Collection[int]) -> Action:
        """@return: what forgets all that is noted about these users."""
        return storing(Write(Store.remove_data, users(dev_id, keys)))


class _Token(NamedTuple):
    dev_id: int
    token: str


class RevokedTokens(Table[_Token, str]):
    """Tokens that open nothing any more."""

    name = "revoked_tokens"
    doc = "Tokens that let nobody in any more. To insert one closes the connections of its user."
    declared = (
        Declared(
            *("token", Kind.VARCHAR, TOKEN_LIMIT, "the token, exactly as the browser shows it"),
            key=True,
            unique=True,
            required=True,
        ),
    )
    listable = True

    def lookup(self, value: Value) -> str | None:
        """@return: C{value} as a text."""
        try:
            return None if value is None else as_text(value)
        except UnicodeDecodeError:
            return None

    async def rows(self, dev_id: int, keys: Sequence[str]) -> Sequence[Row]:
        """@return: a row for each of these that is revoked."""
        return [(token,) for token in await self.broker.store.revoked(dev_id, keys)]

    async def all_rows(self, dev_id: int, most: Most) -> Sequence[Row]:
        """@return: a row for each that is revoked."""
        return [(token,) for token in await self.broker.store.revoked(dev_id)]

    def admit(self, dev_id: int, row: Sequence[Value]) -> _Token:
        """@return: a token, or any other text."""
        return _Token(dev_id, values.bounded_text(row[0], "token", TOKEN_LIMIT))

    def writing(self, entry: _Token) -> Action:
        """@return: what revokes the token."""
        return self.broker.revoking(entry.dev_id, entry.token)

    def insert_id(self, entry: _Token) -> int:
        """@return: 1, always."""
        return 1

    def removing(self, dev_id: int, keys: Collection[str]) -> Action:
        """@return: what lets these tokens open again what they did."""
        return storing(Write(Store.restore, dev_id, keys))
