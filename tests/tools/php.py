"""phpMyAdmin and Adminer of the distribution, served by PHP itself, and programs on the parts of Laravel."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.e2e.support import ROOT
from tests.tools.running import started

#: Where C{tools/setup_php_tools.sh} has unpacked them.
FILES = ROOT / ".venv" / "php-tools"
SHARED = FILES / "usr" / "share"
PHP = shutil.which("php")
#: Modules that the distribution's PHP may have, or else lie beside the tools.
_MODULES = ("mbstring", "dom", "xml", "simplexml", "xmlreader", "xmlwriter")


def missing(what):
    """@return: why C{what} of the unpacked files cannot be used, empty if it can."""
    if PHP is None:
        return "there is no PHP"
    return "" if (SHARED / what).exists() else f"{what} is not unpacked"


def _there():
    """@return: the names of the modules that PHP has."""
    return subprocess.run([PHP, "-m"], capture_output=True, text=True, check=True).stdout.lower().split()


def has(module):
    """@return: whether there is a PHP with this module."""
    return PHP is not None and module in _there()


def _modules():
    """@return: the options of PHP that load what it lacks."""
    there = _there()
    for name in _MODULES:
        for file in FILES.glob(f"usr/lib/php/*/{name}.so") if name not in there else ():
            yield from ("-d", f"extension={file}")


def command(program):
    """@return: what runs a program with all that is unpacked."""
    return [PHP, *_modules(), "-d", f"include_path={SHARED / 'php'}", program]


async def serve(case, folder, **environment):
    """
    Serve the files of C{folder} until the test C{case} ends.

    @return: the address, and the log.
    """
    work = Path(case.mktemp()).absolute()
    (work / "sessions").mkdir(parents=True)
    options = {"include_path": SHARED / "php", "session.save_path": work / "sessions", "display_errors": "0"}
    command = [PHP, *_modules()]
    for name, value in options.items():
        command += ["-d", f"{name}={value}"]
    return await started(
        case,
        lambda port: [*command, "-S", f"127.0.0.1:{port}", "-t", str(folder)],
        work,
        **{"PHP_CLI_SERVER_WORKERS": "4", "TMPDIR": str(work), **environment},
    )


async def phpmyadmin(case, server, *more):
    """
    @param more: lines of PHP that end the configuration of the example.
    @return: the address of a phpMyAdmin beside C{server}, and its log.
    """
    work = Path(case.mktemp()).absolute()
    (work / "cache").mkdir(parents=True)
    config = work / "config.inc.php"
    text = (ROOT / "docs" / "examples" / "config.inc.php").read_text()
    text = text.replace("3307", str(server.cometql_port)).replace("SECRET", "x" * 32)
    config.write_text("\n".join((text, "$cfg['SendErrorReports'] = 'never';", *more, "")))
    return await serve(case, SHARED / "phpmyadmin", PMA_CONFIG=str(config), PMA_CACHE=f"{work / 'cache'}/")


async def adminer(case):
    """@return: the address of an Adminer, and its log."""
    return await serve(case, SHARED / "adminer")
