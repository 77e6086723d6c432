"""
Every driver does the same: it logs in, sends what is easily damaged, reads it back, errs, and goes on.

The programs are beside this file, in a folder for each language. What is not installed is skipped.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from comet.protocols.mysql.constants import Command
from tests.drivers.matrix import TEXT, DriverCase
from tests.e2e.support import ServerCase

#: Of drivers that put the values into the text themselves.
NO_PREPARED = "the driver knows no prepared statements"
NO_TLS = "the driver has no option for TLS"
#: Where the system's are too old, the C extension of mysql-connector-python wants its own libraries.
CONNECTOR_LIBRARIES = {"LD_LIBRARY_PATH": str(Path(find_spec("mysql").origin).with_name("vendor"))}


class PersistentCase(DriverCase):
    """
    Connections that outlive the script, or a part of it.

    @cvar taken_again: the command that starts each further use.
    """

    taken_again: Command

    async def test_a_persistent_connection_is_used_again(self):
        """The same connection serves all three logins."""
        run = await self.ran("persistent")
        self.assertEqual(len(run.steps["persistent"]), 3)
        self.assertEqual(len(set(run.steps["persistent"])), 1)
        self.assertIn(self.taken_again, run.commands)


class PHPMySQLiTests(PersistentCase, ServerCase):
    """mysqli of PHP."""

    program = "php/with_mysqli.php"
    taken_again = Command.CHANGE_USER
    command = ("php", "{program}")
    probe = ("php", "-r", "exit(extension_loaded('mysqli') ? 0 : 1);")


class PHPEmulatedPDOTests(PersistentCase, ServerCase):
    """PDO of PHP, which writes the values into the text."""

    program = "php/with_pdo.php"
    lacks = {"prepared": "without native prepares, PDO does not use the binary protocol"}
    taken_again = Command.PING
    command = ("php", "{program}")
    probe = ("php", "-r", "exit(extension_loaded('pdo_mysql') ? 0 : 1);")


class PHPNativePDOTests(PHPEmulatedPDOTests):
    """PDO of PHP, with statements prepared by the server."""

    command = ("php", "{program}", "native")
    lacks = {}


class PyMySQLTests(DriverCase, ServerCase):
    """PyMySQL."""

    program = "python/with_pymysql.py"
    command = ("{python}", "{program}")
    probe = ("{python}", "-c", "import pymysql")
    lacks = {"prepared": NO_PREPARED}


class MySQLClientTests(DriverCase, ServerCase):
    """mysqlclient of Python."""

    program = "python/with_mysqlclient.py"
    command = ("{python}", "{program}")
    probe = ("{python}", "-c", "import MySQLdb")
    lacks = {"prepared": NO_PREPARED}


class ConnectorTests(DriverCase, ServerCase):
    """mysql-connector-python, in Python alone."""

    program = "python/with_connector.py"
    command = ("{python}", "{program}")
    probe = ("{python}", "-c", "import mysql.connector")


class ConnectorCTests(ConnectorTests):
    """mysql-connector-python, with its C extension."""

    command = ("{python}", "{program}", "c")
    probe = ("{python}", "-c", "import _mysql_connector")
    environment = CONNECTOR_LIBRARIES


class AiomysqlTests(DriverCase, ServerCase):
    """aiomysql of Python."""

    program = "python/with_aiomysql.py"
    command = ("{python}", "{program}")
    probe = ("{python}", "-c", "import aiomysql")
    lacks = {"prepared": NO_PREPARED}


class SQLAlchemyTests(DriverCase, ServerCase):
    """SQLAlchemy core of Python, over PyMySQL."""

    program = "python/with_sqlalchemy.py"
    command = ("{python}", "{program}")
    probe = ("{python}", "-c", "import sqlalchemy, pymysql")
    lacks = {"prepared": NO_PREPARED}


class NodeMySQL2Tests(DriverCase, ServerCase):
    """mysql2 of Node.js."""

    program = "node/mysql2.mjs"
    command = ("node", "{program}")
    probe = ("node", "{folder}/node/node_modules/mysql2/index.js")


class NodeMySQLTests(DriverCase, ServerCase):
    """mysql of Node.js."""

    program = "node/mysql.mjs"
    command = ("node", "{program}")
    probe = ("node", "{folder}/node/node_modules/mysql/index.js")
    lacks = {"prepared": NO_PREPARED}


class NodeMariaDBTests(DriverCase, ServerCase):
    """mariadb of Node.js."""

    program = "node/mariadb.mjs"
    command = ("node", "{program}")
    probe = ("node", "{folder}/node/node_modules/mariadb/promise.js")


class PyODBCTests(DriverCase, ServerCase):
    """The ODBC driver of MariaDB, through pyodbc."""

    program = "python/with_pyodbc.py"
    command = ("{python}", "{program}")
    probe = ("{python}", "-c", "import pyodbc; 'MariaDB Unicode' in pyodbc.drivers() or exit(1)")


class PerlMySQLTests(DriverCase, ServerCase):
    """DBD::mysql of Perl."""

    program = "perl/with_dbi.pl"
    command = ("perl", "{program}", "mysql")
    probe = ("perl", "-MDBD::mysql", "-MJSON::PP", "-e", "1")


class PerlMariaDBTests(DriverCase, ServerCase):
    """DBD::MariaDB of Perl."""

    program = "perl/with_dbi.pl"
    command = ("perl", "{program}", "MariaDB")
    probe = ("perl", "-MDBD::MariaDB", "-MJSON::PP", "-e", "1")


class RubyMySQL2Tests(DriverCase, ServerCase):
    """mysql2 of Ruby."""

    program = "ruby/with_mysql2.rb"
    command = ("ruby", "{program}")
    probe = ("ruby", "-rmysql2", "-rjson", "-e", "1")


class GoTests(DriverCase, ServerCase):
    """go-sql-driver/mysql of Go, as Debian packages it."""

    program = "go/main.go"
    environment = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOFLAGS": ""}
    probe = ("go", "list", "github.com/go-sql-driver/mysql")
    build = ("go", "build", "-o", "{built}/{name}", "{program}")
    command = ("{built}/{name}",)


class JavaTests(DriverCase, ServerCase):
    """MariaDB Connector/J of Java."""

    program = "java/WithConnectorJ.java"
    probe = ("sh", "-c", "java -version && javac -version && test -e /usr/share/java/mariadb-java-client.jar")
    command = ("java", "-Dfile.encoding=UTF-8", "-cp", "/usr/share/java/mariadb-java-client.jar", "{program}")


class CTests(DriverCase, ServerCase):
    """The C API of libmariadb."""

    program = "c/with_libmariadb.c"
    probe = ("sh", "-c", "command -v cc && pkg-config --exists libmariadb")
    build = (
        "sh",
        "-c",
        "cc -Wall -Werror -o {built}/{name} {program} $(pkg-config --cflags --libs libmariadb)",
    )
    command = ("{built}/{name}",)


class CPlusPlusTests(DriverCase, ServerCase):
    """MySQL++ of C++."""

    program = "cpp/with_mysqlpp.cpp"
    probe = ("sh", "-c", "command -v c++ && test -e /usr/include/mysql++/mysql++.h")
    build = (
        "sh",
        "-c",
        "c++ -w -std=c++14 -o {built}/{name} {program} $(pkg-config --cflags libmariadb) -lmysqlpp -lmariadb",
    )
    command = ("{built}/{name}",)
    lacks = {"prepared": NO_PREPARED}


class LuaTests(DriverCase, ServerCase):
    """LuaSQL of Lua."""

    program = "lua/with_luasql.lua"
    command = ("lua5.4", "{program}")
    probe = ("lua5.4", "-e", "require('luasql.mysql')")
    lacks = {"prepared": NO_PREPARED, "tls": NO_TLS}


class TclTests(DriverCase, ServerCase):
    """tdbc::mysql of Tcl."""

    program = "tcl/with_tdbc.tcl"
    # Tcl 8.6 has no characters beyond U+FFFF.
    text = TEXT.replace("🦦", "ё")
    command = ("tclsh", "{program}")
    probe = ("sh", "-c", "echo 'puts [package require tdbc::mysql]' | tclsh | grep -q [0-9]")


class RTests(DriverCase, ServerCase):
    """RMySQL of R."""

    program = "r/with_rmysql.R"
    command = ("Rscript", "--vanilla", "{program}")
    probe = ("Rscript", "--vanilla", "-e", "library(RMySQL)")
    environment = {"LC_ALL": "C.UTF-8"}
    lacks = {"prepared": NO_PREPARED, "tls": NO_TLS}


class CommandLineTests(DriverCase, ServerCase):
    """The command line of MariaDB, run by a shell."""

    program = "shell/with_mariadb.sh"
    command = ("sh", "{program}")
    probe = ("sh", "-c", "command -v mariadb || command -v mysql")
    lacks = {"prepared": NO_PREPARED}
