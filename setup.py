"""
What goes into the package; all else stands in pyproject.toml.

Twisted finds plugins in C{twisted/plugins}, a folder without C{__init__.py} that C{find_packages} passes
over: it is listed by hand.
"""

import re
from pathlib import Path

from setuptools import find_packages, setup

_INIT = Path(__file__).with_name("comet") / "__init__.py"

setup(
    # Read, not imported: a build has none of the packages that comet imports.
    version=re.search(r'__version__ = "(.+)"', _INIT.read_text())[1],
    packages=[*find_packages(include=["comet", "comet.*"]), "twisted.plugins"],
    package_data={
        "comet": ["py.typed", "web/**/*", "storage/schema/*.sql", "storage/mysql_schema/*.sql"],
        "twisted.plugins": ["comet_plugin.py"],
    },
    include_package_data=False,
    zip_safe=False,
)
