"""A server that is told to end while it ends already, ends at once."""

from __future__ import annotations

import signal

from twisted.application.service import Service

#: By these twistd is told to end; the second time it would only complain that it ends already.
SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Impatience(Service):
    """
    Gives the signals back to the system when the server begins to end.

    What was promised is in the store by then, and a store bears the end of its user at any time.
    """

    def stopService(self) -> None:
        """The next one of these signals ends the process."""
        super().stopService()
        for each in SIGNALS:
            # Where Twisted does not listen to it, it is somebody else's.
            if signal.getsignal(each) not in (signal.SIG_DFL, signal.SIG_IGN, signal.default_int_handler):
                signal.signal(each, signal.SIG_DFL)
