# Installs a MariaDB for the tests beside it; setup_tests.sh reads this with ".".
#
# The core package is the programs alone: nothing is started, no port is taken. The plug-in FederatedX is in the package
# that would start a server, so that one is unpacked below .venv instead.

mariadb_files=.venv/mariadb
plugin=usr/lib/mysql/plugin/ha_federatedx.so

have_mariadb() { (PATH=$PATH:/usr/sbin && have mariadbd && have mariadb-install-db); }
have_federated() { [ -e "/$plugin" ] || [ -e "$mariadb_files/$plugin" ]; }

# unpack PACKAGE: puts its files below .venv/mariadb, in the version of the programs that are installed.
unpack() (
    have apt-get && have dpkg-deb || exit 1
    version=$(dpkg-query --show --showformat='${Version}' mariadb-server-core 2>/dev/null) || exit 1
    mkdir -p "$mariadb_files" && cd "$mariadb_files" || exit 1
    timeout 600 apt-get -q download "$1=$version" >/dev/null 2>&1 && dpkg-deb -x "$1"_*.deb . && rm "$1"_*.deb
)

need "MariaDB" mariadb-server-core have_mariadb
have_federated || {
    echo "unpacking FederatedX of MariaDB ..."
    unpack mariadb-server
    have_federated || leave_out "FederatedX of MariaDB (apt-get install mariadb-server)"
}
