"""The command line of C{twistd comet}: from options to the service, which listens once it is started."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Mapping
from typing import Any

from twisted.application.service import MultiService
from twisted.logger import Logger
from twisted.python import usage
from twisted.python.failure import Failure

from comet import garbage
from comet.config import FILE_VARIABLE, CannotStart, Config
from comet.data import DataFolder
from comet.impatience import Impatience
from comet.logs import LogThreshold
from comet.reload import Reloader
from comet.service import CometService, make_service
from comet.workers.supervisor import Supervisor

_log = Logger()


class Options(usage.Options):
    """What may follow C{twistd comet}."""

    synopsis = "[--config FILE]"
    optParameters = [
        ["config", "c", None, f"the configuration, an ini file [default: ${FILE_VARIABLE}, or none]"]
    ]
    longdesc = (
        "A real-time notification server that a site talks to in SQL. It works without a configuration; "
        "each key can also be given as an environment variable COMET_<SECTION>_<KEY>. "
        "'comet check --config FILE' tells what is wrong with a configuration."
    )


def makeService(options: Mapping[str, Any], reactor: Any = None) -> MultiService:
    """
    Wire the server together; nothing listens before C{startService}.

    @raise SystemExit: if the server cannot start; why has then been said on standard error.
    """
    if reactor is None:
        from twisted.internet import reactor

    file = options["config"] or os.environ.get(FILE_VARIABLE)

    def read() -> Config:
        return Config.load(file, os.environ)

    service: CometService | Supervisor
    try:
        config = read()
        folder = DataFolder.open(config)
        if config.ws.workers == 1:
            service = make_service(config, folder, reactor)
        else:
            # A daemon may change its working directory.
            service = Supervisor(config, folder, reactor, [os.path.abspath(file)] if file else [])
    except CannotStart as error:
        # twistd would follow a usage error with its whole help, and any other with a traceback.
        print("comet cannot start:", error, file=sys.stderr)
        raise SystemExit(error.status) from None
    service.listening.addCallbacks(lambda ports: garbage.settle(), give_up, errbackArgs=(reactor,))
    threshold = LogThreshold(config.log)
    threshold.setServiceParent(service)

    def apply(now: Config) -> None:
        threshold.set(now.log)
        service.apply(now)

    Impatience().setServiceParent(service)
    Reloader(config, read, service.reload_certificate, apply, reactor, lambda: os.isatty(0)).setServiceParent(
        service
    )
    return service


def give_up(failure: Failure, reactor: Any) -> None:
    """Log why the server could not start, and end the process with an exit status that says so."""
    error, status = failure.value, 1
    if isinstance(error, CannotStart):
        _log.critical("comet cannot start: {error}", error=error)
        status = error.status
    else:
        _log.failure("comet cannot start", failure)
    # twistd ends with 0 whenever its reactor stops: the status is for the interpreter's end.
    atexit.register(os._exit, status)
    atexit.register(sys.stdout.flush)
    reactor.callWhenRunning(reactor.stop)
