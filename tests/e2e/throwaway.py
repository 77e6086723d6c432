"""This machine once more, to install things on: whatever is written there is gone at the end."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from twisted.trial.unittest import SkipTest

#: What is written is kept in memory, in a space of mounts that nobody else sees.
_MAKE = """
set -e
mount -t tmpfs none "$1"
mkdir "$1/written" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=/,upperdir=$1/written,workdir=$1/work" none "$1/root"
for each in proc dev; do mount --rbind "/$each" "$1/root/$each"; done
echo made
exec sleep infinity
"""


class Machine:
    """
    A root folder with all that this machine has, where commands run as root.

    @ivar root: that folder, as this process sees it.
    @ivar before: what has to stand before a command.
    """

    def __init__(self, case):
        """@raise SkipTest: if this user may not make one, or the system cannot."""
        if os.geteuid() or not shutil.which("unshare") or not shutil.which("nsenter"):
            raise SkipTest("only root of Linux can make a machine to throw away")
        folder = Path(case.mktemp()).absolute()
        folder.mkdir(parents=True)
        command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _MAKE, "sh", str(folder)]
        holder = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        case.addCleanup(_end, holder)
        if holder.stdout.readline() != "made\n":
            raise SkipTest(f"no machine to throw away can be made: {holder.stderr.read()}")
        inside = folder / "root"
        self._mounts = ("nsenter", f"--target={holder.pid}", "--mount", "--wd=/")
        self._inside = str(inside)
        self.before = (*self._mounts, "/usr/sbin/chroot", self._inside)
        self.root = Path(f"/proc/{holder.pid}/root{inside}")

    def run(self, *command, status=0, environment=None):
        """
        @param environment: a bare one without it.
        @return: what a command printed; it must end with C{status}.
        """
        return _run([*self.before, *map(str, command)], status, environment or _BARE)

    def protect(self, *folders):
        """From now on, nothing can be written but in these folders and in C{/tmp}."""
        self._open = [self._inside + each for each in (*folders, "/tmp")]
        for each in self._open:
            _run([*self._mounts, "mount", "--bind", each, each])
        _run([*self._mounts, "mount", "-o", "remount,bind,ro", self._inside])

    def open(self):
        """Everything can be written again."""
        _run([*self._mounts, "mount", "-o", "remount,bind,rw", self._inside])
        _run([*self._mounts, "umount", *self._open])


_BARE = {"PATH": os.defpath + ":/usr/sbin:/sbin", "LANG": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}


def _run(command, status=0, environment=_BARE):
    done = subprocess.run(
        list(map(str, command)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode != status:
        raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def _end(holder):
    holder.kill()
    holder.communicate()
