"""What a statement says, after parsing and before anybody asks whether its tables exist."""

from __future__ import annotations

from dataclasses import dataclass

from comet.cometql.results import Value

# Expressions ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Slot:
    """The value of a literal or of a bind mark, by its place in the statement."""

    index: int


@dataclass(frozen=True, slots=True)
class Constant:
    """NULL, TRUE or FALSE."""

    value: Value


@dataclass(frozen=True, slots=True)
class Default:
    """DEFAULT: whatever the column, or the variable, has by itself."""


@dataclass(frozen=True, slots=True)
class Name:
    """A column, with what it is qualified by; or a bare word that stands for its own text."""

    column: str
    qualifiers: tuple[str, ...] = ()


#: The scope of what C{SET TRANSACTION} says of the next one alone.
NEXT_TRANSACTION = "NEXT TRANSACTION"


@dataclass(frozen=True, slots=True)
class Variable:
    """C{@@scope.name}; the scope may be L{NEXT_TRANSACTION}, too."""

    name: str
    scope: str = ""


@dataclass(frozen=True, slots=True)
class UserVariable:
    """C{@name}."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments; the name is in upper case."""

    function: str
    arguments: tuple[Expression, ...] = ()


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Two numbers and C{+}, C{-} or C{*} between them."""

    left: Expression
    sign: str
    right: Expression


@dataclass(frozen=True, slots=True)
class NullTest:
    """C{IS NULL}, or C{IS NOT NULL} if C{negated}."""

    tested: Expression
    negated: bool


@dataclass(frozen=True, slots=True)
class Star:
    """C{*}, or C{table.*}."""

    qualifiers: tuple[str, ...] = ()


Expression = Slot | Constant | Default | Name | Variable | UserVariable | Call | Arithmetic | NullTest | Star

# Clauses --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TableName:
    """A table, with the database it is qualified by and the name it goes by in this statement."""

    name: str
    database: str = ""
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One column of the answer and its title."""

    expression: Expression
    title: str


@dataclass(frozen=True, slots=True)
class Condition:
    """
    A column compared with values.

    @ivar operator: C{=}, C{<>}, C{<}, C{<=}, C{>}, C{>=}, C{<=>}, C{IN}, C{LIKE}, C{BETWEEN} or C{IS NULL}.
    @ivar negated: whether NOT stands before the operator.
    """

    column: Name
    operator: str
    operands: tuple[Expression, ...] = ()
    negated: bool = False

    @property
    def names_values(self) -> bool:
        """Whether the column must have one of the operands."""
        return self.operator in ("=", "IN") and not self.negated


@dataclass(frozen=True, slots=True)
class Order:
    """A column to sort by: its name, or its place in the answer counted from 1."""

    column: Name | int
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Limit:
    """How many rows, and how many before them to leave out."""

    count: Expression
    offset: Expression | None = None


# Statements -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Nothing:
    """A text without a statement in it."""


@dataclass(frozen=True, slots=True)
class Select:
    """Rows of a table."""

    table: TableName
    items: tuple[Item, ...]
    where: tuple[Condition, ...] = ()
    order: tuple[Order, ...] = ()
    limit: Limit | None = None


@dataclass(frozen=True, slots=True)
class SelectValues:
    """One row that needs no table."""

    items: tuple[Item, ...]
    limit: Limit | None = None


@dataclass(frozen=True, slots=True)
class Insert:
    """
    Rows for a table; without C{columns} each row has a value for every column.

    @ivar on_duplicate: what ON DUPLICATE KEY UPDATE assigns.
    """

    table: TableName
    columns: tuple[Name, ...] | None
    rows: tuple[tuple[Expression, ...], ...]
    on_duplicate: tuple[tuple[Name, Expression], ...] = ()


@dataclass(frozen=True, slots=True)
class Update:
    """New values for columns of rows of a table."""

    table: TableName
    changes: tuple[tuple[Name, Expression], ...]
    where: tuple[Condition, ...] = ()
    order: tuple[Order, ...] = ()
    limit: Limit | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """
    A SELECT beyond the grammar of CometQL.

    @ivar text: the statement in MySQL's language, each literal as C{:s} and its number.
    @ivar titles: the titles of its columns as far as they are known; empty where an alias gives it.
    @ivar error: why it is not CometQL, if that looks like a slip.
    @ivar database: which one is meant where none is named, if that is not one of ours.
    """

    text: str
    titles: tuple[str, ...] = ()
    error: str = ""
    database: str = ""


@dataclass(frozen=True, slots=True)
class Delete:
    """Rows to remove from a table."""

    table: TableName
    where: tuple[Condition, ...] = ()
    order: tuple[Order, ...] = ()
    limit: Limit | None = None


@dataclass(frozen=True, slots=True)
class Show:
    """
    What the server tells of itself.

    @ivar subject: what is asked for, such as C{TABLES} or C{CREATE TABLE}.
    @ivar full: whether FULL was said.
    @ivar scope: C{GLOBAL}, or C{SESSION}.
    @ivar table: for what is asked of a table.
    @ivar database: for what is asked of a database; empty for the current one.
    @ivar where: a SELECT of the rows that are wanted, from a table of any name.
    """

    subject: str
    full: bool = False
    scope: str = "SESSION"
    table: TableName | None = None
    database: str = ""
    like: Expression | None = None
    where: Query | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """Select a database."""

    database: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """One variable and its new value."""

    variable: Variable | UserVariable
    value: Expression


@dataclass(frozen=True, slots=True)
class Set:
    """New values of variables, given in order."""

    assignments: tuple[Assignment, ...]


@dataclass(frozen=True, slots=True)
class Transaction:
    """
    BEGIN, COMMIT, ROLLBACK, or what is done with a savepoint.

    @ivar verb: C{BEGIN}, C{COMMIT}, C{ROLLBACK}, C{SAVEPOINT}, C{ROLLBACK TO} or C{RELEASE}.
    @ivar savepoint: the name of the savepoint.
    @ivar read_only: whether a transaction begins that only reads, if that is said.
    @ivar chain: whether the next transaction begins where this one ends.
    @ivar release: whether the connection ends with it.
    """

    verb: str
    savepoint: str = ""
    read_only: bool | None = None
    chain: bool = False
    release: bool = False


@dataclass(frozen=True, slots=True)
class Explain:
    """Tell what an INSERT would do, without doing it."""

    insert: Insert


@dataclass(frozen=True, slots=True)
class ExplainQuery:
    """Tell how a SELECT would find its rows, without doing it."""

    query: Query


@dataclass(frozen=True, slots=True)
class Kill:
    """
    Close a connection.

    @ivar query: whether only what it runs is meant.
    """

    number: Expression
    query: bool = False


@dataclass(frozen=True, slots=True)
class Upkeep:
    """
    CHECK TABLE, or another word for looking after tables.

    @ivar verb: C{ANALYZE}, C{CHECK}, C{CHECKSUM}, C{OPTIMIZE} or C{REPAIR}.
    """

    verb: str
    tables: tuple[TableName, ...]


Statement = (
    Explain
    | ExplainQuery
    | Kill
    | Nothing
    | Select
    | SelectValues
    | Query
    | Insert
    | Update
    | Delete
    | Show
    | Use
    | Set
    | Transaction
    | Upkeep
)
