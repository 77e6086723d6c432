"""Each connection is an open file, of which a process may have so many."""

from __future__ import annotations

import resource

#: Files that a process needs besides its connections: libraries, logs, the store, pipes.
BESIDES = 100


class TooFewFiles(Exception):
    """So many connections cannot be had; C{str(error)} says what to change."""


def allow_files(connections: int) -> None:
    """
    Let this process and its children have so many connections each.

    @raise TooFewFiles: if that is not allowed.
    """
    needed = connections + BESIDES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise TooFewFiles(
            f"{connections} connections need {needed} open files, and a process may have {hard}: "
            "raise the hard limit (ulimit -Hn, or LimitNOFILE of systemd), or take fewer"
        )
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
