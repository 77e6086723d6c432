"""The source archive and the wheel, built as pip builds them but without going to the network."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: What a checkout has that is not in the repository, or of no use to a build.
_BESIDES = (
    *(".git", ".venv", ".*_cache", ".hypothesis", "__pycache__", "*.cache", "*.egg-info", "build", "dist"),
    *("node_modules", "_build", "_trial_temp*", "comet-data", "bench-results"),
)
_SDIST = "import sys; from setuptools import build_meta; print(build_meta.build_sdist(sys.argv[1]))"


def _run(*command, cwd):
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode:
        raise AssertionError(done.stdout)


def build_sdist(folder):
    """
    @param folder: what it is built in, not there yet.
    @return: the source archive of this checkout.
    """
    folder = Path(folder).absolute()
    source, archives = folder / "source", folder / "sdist"
    # A build writes beside its sources.
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(*_BESIDES), symlinks=True)
    _run(sys.executable, "-c", _SDIST, archives, cwd=source)
    [archive] = archives.iterdir()
    return archive


def build_wheel(folder, sdist):
    """
    @param folder: where to put it.
    @return: the wheel of a source archive.
    """
    wheels = Path(folder).absolute() / "wheel"
    _run(
        *(sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet"),
        *("--no-deps", "--no-build-isolation", "--wheel-dir", wheels, sdist),
        cwd=folder,
    )
    [wheel] = wheels.iterdir()
    return wheel
