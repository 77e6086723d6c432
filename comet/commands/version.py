"""Show which version of comet this is, and what it runs on."""

from __future__ import annotations

import argparse
import platform
from importlib.metadata import version

from comet import __version__


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """There are none."""


def run(arguments: argparse.Namespace) -> int:
    """Print one line."""
    print(f"comet {__version__} (Python {platform.python_version()}, Twisted {version('twisted')})")
    return 0
