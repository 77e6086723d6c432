"""Who may do what. Root has its rights everywhere, a tenant in its database, and there are no roles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from comet.cometql.context import DATABASE
from comet.cometql.dictionary.view import Row, View
from comet.cometql.dictionary.viewer import Viewer

#: What those who log in may do.
PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE")


def _of_users(viewer: Viewer) -> Iterator[Row]:
    is_root = viewer.context.login.dev_id == 0
    for privilege in PRIVILEGES if is_root else ("USAGE",):
        yield {"GRANTEE": viewer.grantee, "PRIVILEGE_TYPE": privilege, "IS_GRANTABLE": "NO"}


def _of_schemas(viewer: Viewer) -> Iterator[Row]:
    if viewer.context.login.dev_id:
        for privilege in PRIVILEGES:
            yield {
                "GRANTEE": viewer.grantee,
                "TABLE_SCHEMA": DATABASE,
                "PRIVILEGE_TYPE": privilege,
                "IS_GRANTABLE": "NO",
            }


_ROLES = (
    "USER:97? HOST:256? GRANTEE:97? GRANTEE_HOST:256? ROLE_NAME:255? ROLE_HOST:256? IS_GRANTABLE:3"
    " IS_DEFAULT:3? IS_MANDATORY:3"
)
_GRANTED = "GRANTOR:97? GRANTOR_HOST:256? GRANTEE:32 GRANTEE_HOST:255"
_END = "PRIVILEGE_TYPE:64 IS_GRANTABLE:3"

#: Views by name.
RIGHTS: Mapping[str, View] = MappingProxyType(
    {
        "USER_PRIVILEGES": View(f"GRANTEE:292 TABLE_CATALOG:512 {_END}", _of_users),
        "SCHEMA_PRIVILEGES": View(f"GRANTEE:292 TABLE_CATALOG:512 TABLE_SCHEMA:64 {_END}", _of_schemas),
        "TABLE_PRIVILEGES": View(f"GRANTEE:292 TABLE_CATALOG:512 TABLE_SCHEMA:64 TABLE_NAME:64 {_END}"),
        "COLUMN_PRIVILEGES": View(
            f"GRANTEE:292 TABLE_CATALOG:512 TABLE_SCHEMA:64 TABLE_NAME:64 COLUMN_NAME:64 {_END}"
        ),
        "USER_ATTRIBUTES": View("USER:32 HOST:255 ATTRIBUTE:text?"),
        "APPLICABLE_ROLES": View(_ROLES),
        "ADMINISTRABLE_ROLE_AUTHORIZATIONS": View(_ROLES),
        "ENABLED_ROLES": View("ROLE_NAME:255? ROLE_HOST:255? IS_DEFAULT:3? IS_MANDATORY:3"),
        "ROLE_TABLE_GRANTS": View(f"{_GRANTED} TABLE_CATALOG:3 TABLE_SCHEMA:64 TABLE_NAME:64 {_END}"),
        "ROLE_COLUMN_GRANTS": View(
            f"{_GRANTED} TABLE_CATALOG:3 TABLE_SCHEMA:64 TABLE_NAME:64 COLUMN_NAME:64 {_END}"
        ),
        "ROLE_ROUTINE_GRANTS": View(
            f"{_GRANTED} SPECIFIC_CATALOG:3 SPECIFIC_SCHEMA:64 SPECIFIC_NAME:64 ROUTINE_CATALOG:3"
            f" ROUTINE_SCHEMA:64 ROUTINE_NAME:64 {_END}"
        ),
    }
)
