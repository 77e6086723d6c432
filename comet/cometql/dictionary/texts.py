"""Character sets and collations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from comet.cometql.dictionary.view import Row, View
from comet.cometql.dictionary.viewer import Viewer
from comet.cometql.variables import CHARACTER_SETS

#: How many bytes a character may have, where that is not one.
_WIDTHS = {"utf8mb4": 4, "utf8mb3": 3}
_DESCRIPTIONS = {
    "ascii": "US ASCII",
    "binary": "Binary pseudo charset",
    "cp1251": "Windows Cyrillic",
    "latin1": "cp1252 West European",
    "utf8mb3": "UTF-8 Unicode",
    "utf8mb4": "UTF-8 Unicode",
}
#: Collations by name, with the numbers that drivers know them by.
_COLLATIONS = {
    "ascii_bin": 65,
    "ascii_general_ci": 11,
    "binary": 63,
    "cp1251_bin": 50,
    "cp1251_general_ci": 51,
    "latin1_bin": 47,
    "latin1_swedish_ci": 8,
    "utf8mb3_bin": 83,
    "utf8mb3_general_ci": 33,
    "utf8mb3_unicode_ci": 192,
    "utf8mb4_0900_ai_ci": 255,
    "utf8mb4_bin": 46,
    "utf8mb4_general_ci": 45,
    "utf8mb4_unicode_520_ci": 246,
    "utf8mb4_unicode_ci": 224,
}


def _character_sets(viewer: Viewer) -> Iterator[Row]:
    for name, description in _DESCRIPTIONS.items():
        yield {
            "CHARACTER_SET_NAME": name,
            "DEFAULT_COLLATE_NAME": CHARACTER_SETS[name],
            "DESCRIPTION": description,
            "MAXLEN": _WIDTHS.get(name, 1),
        }


def _collations(viewer: Viewer) -> Iterator[Row]:
    for name, number in _COLLATIONS.items():
        charset = name.partition("_")[0]
        unpadded = name == "binary" or "_0900_" in name
        yield {
            "COLLATION_NAME": name,
            "CHARACTER_SET_NAME": charset,
            "ID": number,
            "IS_DEFAULT": "Yes" if CHARACTER_SETS[charset] == name else "",
            "IS_COMPILED": "Yes",
            "SORTLEN": 8 if "_unicode_" in name else 0 if "_0900_" in name else 1,
            "PAD_ATTRIBUTE": "NO PAD" if unpadded else "PAD SPACE",
        }


def _applicability(viewer: Viewer) -> Iterator[Row]:
    for name in _COLLATIONS:
        yield {"COLLATION_NAME": name, "CHARACTER_SET_NAME": name.partition("_")[0]}


#: Views by name.
TEXTS: Mapping[str, View] = MappingProxyType(
    {
        "CHARACTER_SETS": View(
            "CHARACTER_SET_NAME:64 DEFAULT_COLLATE_NAME:64 DESCRIPTION:2048 MAXLEN:int+", _character_sets
        ),
        "COLLATIONS": View(
            "COLLATION_NAME:64 CHARACTER_SET_NAME:64 ID:bigint+ IS_DEFAULT:3 IS_COMPILED:3 SORTLEN:int+"
            " PAD_ATTRIBUTE:9",
            _collations,
        ),
        "COLLATION_CHARACTER_SET_APPLICABILITY": View(
            "COLLATION_NAME:64 CHARACTER_SET_NAME:64", _applicability
        ),
    }
)
