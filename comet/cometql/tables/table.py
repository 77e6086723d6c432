"""
What a table is: a declaration, and what its statements mean.

The executor, DESCRIBE, SHOW CREATE TABLE and the reference page all read the same declaration. An INSERT
comes in two steps: L{Table.admit} looks at a row and refuses it or makes an entry of it, without an effect;
L{Table.writing} makes an action of the entry, which has its effect when the broker is given it: at once, with
the other rows of its statement, or at COMMIT. A DELETE has actions likewise. A table defines C{writing} and
C{removing} and so on; the methods that have the effect themselves follow from these.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from comet.batch import Action
from comet.broker import Broker
from comet.cometql.results import Column, Kind, Value
from comet.cometql.values import as_integer
from comet.errors import ReadOnly
from comet.model import ID_LIMIT, NAME_LIMIT, SHORTEST_STORED, Channel, User, is_name
from comet.storage.listings import Most
from comet.storage.presences import Span

#: The length of a MEDIUMTEXT; clients that bind buffers cannot allocate that of a longer type.
TEXT_LENGTH = (1 << 24) - 1

#: Values in the order of the columns of a table. What comes behind the last column is the table's own.
Row = Sequence[Value]
Entry = TypeVar("Entry")
Key = TypeVar("Key", bound=int | str)


@dataclass(frozen=True, slots=True)
class Declared:
    """
    A column as it is declared.

    @ivar doc: a sentence for the reference page.
    @ivar length: the most characters of a text, or digits of a number.
    @ivar key: whether rows are looked up by it.
    @ivar unique: whether there is one row at most for each value of it.
    @ivar required: whether an INSERT has to give it.
    @ivar default: what it is when an INSERT leaves it out.
    @ivar ignored: whether an INSERT may give it, to no effect.
    @ivar invisible: whether C{SELECT *}, and an INSERT without columns, leave it out.
    @ivar synonyms: other names that an INSERT, a SELECT or a WHERE may use.
    """

    name: str
    kind: Kind
    length: int
    doc: str
    key: bool = False
    unique: bool = False
    required: bool = False
    default: Value = ""
    ignored: bool = False
    invisible: bool = False
    synonyms: tuple[str, ...] = ()


class Table(ABC, Generic[Entry, Key]):
    """
    A table: its declaration, and its rows for one tenant at a time.

    @cvar doc: a sentence for the reference page.
    @cvar writable: whether it takes INSERT and DELETE.
    @cvar removal_keys: further columns that are enough for a DELETE.
    @cvar listable: whether a DELETE or UPDATE may leave out the key, if it says something else of the rows.
    @cvar ranged: whether L{rows_within} reads a range of keys by itself; they are numbers then.
    """

    name: ClassVar[str]
    doc: ClassVar[str]
    declared: ClassVar[tuple[Declared, ...]]
    writable: ClassVar[bool] = True
    removal_keys: ClassVar[tuple[str, ...]] = ()
    listable: ClassVar[bool] = False
    ranged: ClassVar[bool] = False

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.key_place = next(place for place, column in enumerate(self.declared) if column.key)
        self.key = self.declared[self.key_place].name
        self.columns = tuple(
            Column(column.name, column.kind, column.length, False, column.unique, self.name)
            for column in self.declared
        )
        self.visible = [place for place, column in enumerate(self.declared) if not column.invisible]
        self._places = {
            name: place
            for place, column in enumerate(self.declared)
            for name in (column.name, *column.synonyms)
        }

    @property
    def indexes(self) -> dict[str, Declared]:
        """What tells rows apart, and what they are looked up by: columns by the names of indexes."""
        unique = next((column for column in self.declared if column.unique), None)
        key = self.declared[self.key_place]
        found = {"PRIMARY": unique} if unique else {}
        return found if key.unique else {**found, key.name: key}

    def place(self, column: str) -> int | None:
        """@return: the place of a column, by its name in any letter case; C{None} if there is none."""
        return self._places.get(column.lower())

    @abstractmethod
    def lookup(self, value: Value) -> Key | None:
        """@return: the key that C{value} asks for; C{None} if no row can have it."""

    @abstractmethod
    async def rows(self, dev_id: int, keys: Sequence[Key]) -> Sequence[Row]:
        """@return: the rows with these keys, in the order of the keys."""

    @abstractmethod
    async def all_rows(self, dev_id: int, most: Most) -> Sequence[Row]:
        """
        @return: every row of a tenant, in no particular order, unless they are more than C{most}: then what
            is given is more, too, but need not be all. A SELECT asks for them that does not name keys.
        """

    async def removable(self, dev_id: int, keys: Sequence[Key]) -> Sequence[Row]:
        """@return: the rows with these keys that a DELETE may find, which may be more than L{rows}."""
        return await self.rows(dev_id, keys)

    async def rows_within(self, dev_id: int, span: Span) -> Sequence[Row]:
        """@return: the rows whose keys are within C{span}, in its order."""
        raise NotImplementedError

    def admit(self, dev_id: int, row: Sequence[Value]) -> Entry:
        """
        @param row: a value for each column.
        @return: what to L{write}.
        @raise Refused: if the row breaks a rule.
        """
        raise ReadOnly(f"INSERT command denied for table '{self.name}': it is read only")

    def put(self, entry: Entry) -> int | None:
        """
        Give C{entry} its effect at once, if nothing has to be stored for that.

        @return: the insert id, 0 if there is none; C{None} if nothing has happened, and L{write} is needed.
        """
        return None

    async def write(self, entry: Entry) -> int:
        """
        Give C{entry} its effect now.

        @return: the insert id, 0 if there is none.
        """
        await self.broker.commit([self.writing(entry)])
        return self.insert_id(entry)

    def writing(self, entry: Entry) -> Action:
        """@return: what gives C{entry} its effect."""
        raise NotImplementedError

    def insert_id(self, entry: Entry) -> int:
        """@return: the insert id of C{entry}, 0 if there is none."""
        return 0

    async def remove(self, dev_id: int, keys: Collection[Key]) -> int:
        """@return: how many rows with these keys were removed."""
        return sum(await self.broker.commit([self.removing(dev_id, keys)]))

    def removing(self, dev_id: int, keys: Collection[Key]) -> Action:
        """@return: what removes the rows with these keys."""
        raise NotImplementedError

    async def remove_rows(self, dev_id: int, rows: Sequence[Row]) -> int:
        """@return: how many of these rows, as L{rows} gave them, were removed."""
        return sum(await self.broker.commit(self.removing_rows(dev_id, rows)))

    def removing_rows(self, dev_id: int, rows: Sequence[Row]) -> list[Action]:
        """@return: what removes these rows, as L{rows} gave them; by their keys, if a table says no more."""
        keys = [self.lookup(row[self.key_place]) for row in rows]
        return [self.removing(dev_id, [key for key in keys if key is not None])]

    async def remove_by(self, dev_id: int, column: str, values: Sequence[Value]) -> int:
        """@return: how many rows with these values in a column of L{removal_keys} were removed."""
        return sum(await self.broker.commit([self.removing_by(dev_id, column, values)]))

    def removing_by(self, dev_id: int, column: str, values: Sequence[Value]) -> Action:
        """@return: what removes the rows with these values in a column of L{removal_keys}."""
        raise NotImplementedError

    async def count_by(self, dev_id: int, column: str, values: Sequence[Value]) -> int:
        """@return: how many rows have these values in a column of L{removal_keys}."""
        raise NotImplementedError


class ChannelTable(Table[Entry, str]):
    """A table whose rows are looked up by the name of a channel."""

    def lookup(self, value: Value) -> str | None:
        """@return: C{value} if it can be the name of a channel."""
        if isinstance(value, (int, bytes)):
            value = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        return value if isinstance(value, str) and is_name(value, SHORTEST_STORED) else None


class UserTable(Table[Entry, int]):
    """
    A table whose rows are looked up by the id of a user.

    @cvar least: the lowest id that there may be rows of.
    """

    least: ClassVar[int] = 1

    def lookup(self, value: Value) -> int | None:
        """@return: the number that C{value} is or spells, if it can be the id of a user."""
        number = as_integer(value)
        return number if number is not None and self.least <= number <= ID_LIMIT else None


#: A table of any kind.
AnyTable = Table[Any, Any]


def channels(dev_id: int, names: Collection[str]) -> list[Channel]:
    """@return: the channels of a tenant by their names."""
    return [Channel(dev_id, name) for name in names]


def users(dev_id: int, ids: Collection[int]) -> list[User]:
    """@return: the users of a tenant by their ids."""
    return [User(dev_id, user_id) for user_id in ids]


def name_column(doc: str, unique: bool = False, required: bool = False) -> Declared:
    """@return: the declaration of a column with the name of a channel, the key of its table."""
    return Declared("name", Kind.VARCHAR, NAME_LIMIT, doc, key=True, unique=unique, required=required)


def id_column(doc: str, unique: bool = False, required: bool = False) -> Declared:
    """@return: the declaration of a column with the id of a user, the key of its table."""
    return Declared("id", Kind.INT, 11, doc, key=True, unique=unique, required=required, default=0)
