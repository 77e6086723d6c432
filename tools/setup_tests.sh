#!/bin/sh
# Installs what the tests use besides Python packages: setup_tests.sh PYTHON. What is there already is left alone.
#
# What cannot be installed is no failure: the tests that need it are skipped with that reason, and this script says
# so in a line for each, here and (in .venv/left-out) for the end of the run.
set -u
cd "$(dirname "$0")/.." || exit 1
. tools/system.sh
python=$1
left_out=.venv/left-out
: >"$left_out"

leave_out() {
    echo "left out: $1" | tee -a "$left_out"
}

# need WHAT PACKAGES TEST...: install the packages unless the test passes; leave out what still is not there.
need() {
    what=$1 packages=$2
    shift 2
    "$@" && return
    install_packages $packages
    "$@" || leave_out "$what (apt-get install $packages)"
}

have_client() { have mariadb || have mysql; }
have_node() { have node && have npm; }
have_debhelper() { have dh && have dpkg-buildpackage && /usr/bin/python3 -c 'import ensurepip'; }
have_headers() { have pkg-config && { pkg-config --exists libmariadb || pkg-config --exists mysqlclient; }; }
have_compiler() { have cc || have gcc; }

need "the mariadb command line" mariadb-client have_client
need "Chromium" chromium have_browser
need "debhelper, which builds the Debian package" "debhelper dpkg-dev python3-venv" have_debhelper
need "Node.js and npm" "nodejs npm" have_node

if ! "$python" -c 'import MySQLdb' 2>/dev/null; then
    # pip builds it, against the headers of this Python too; those of Debian's own are a package of their own.
    need "the headers of libmariadb, for mysqlclient" "libmariadb-dev pkg-config" have_headers
    need "a C compiler, for mysqlclient" "gcc libc6-dev" have_compiler
    header=$("$python" -c 'import sysconfig; print(sysconfig.get_paths()["include"])')/Python.h
    need "the headers of Python, for mysqlclient" "python3-dev libc6-dev" test -e "$header"
    "$python" -m pip --disable-pip-version-check --quiet install mysqlclient >/dev/null 2>&1 ||
        leave_out "mysqlclient (pip install mysqlclient)"
fi

# The other browser: its files alone, as what it is to be run with is there for Chromium.
have_firefox() { have firefox-esr || have firefox || [ -x .venv/firefox/usr/lib/firefox-esr/firefox-esr ]; }
have_firefox || unpack firefox $(wanted_by firefox-esr)
have_firefox || leave_out "Firefox (apt-get install firefox-esr)"

# WebRTC besides that of the browser; only where there are wheels, for its media libraries take long to build.
"$python" -c 'import aiortc' 2>/dev/null ||
    "$python" -m pip --disable-pip-version-check --quiet install --only-binary=:all: 'aiortc>=1.16' >/dev/null 2>&1 ||
    leave_out "aiortc (pip install aiortc)"

# Only the programs themselves: their packages would start servers of their own.
have_nginx() { have nginx || [ -x .venv/nginx/usr/sbin/nginx ]; }
have_nginx || unpack nginx nginx
have_nginx || leave_out "nginx, to stand in front of comet (apt-get install nginx)"

have_haproxy() { have haproxy || [ -x .venv/haproxy/usr/sbin/haproxy ]; }
have_haproxy || unpack haproxy $(wanted_by haproxy)
have_haproxy || leave_out "HAProxy, to stand in front of comet (apt-get install haproxy)"

. tools/setup_drivers.sh
. tools/setup_php_tools.sh

have_active_record() { ruby -ractive_record -rmysql2 -e 1 2>/dev/null; }
need "ActiveRecord of Ruby" "ruby-activerecord ruby-mysql2" have_active_record

. tools/setup_mariadb.sh
. tools/setup_redis.sh
. tools/setup_turn.sh
. tools/setup_janus.sh

# node_packages FOLDER: installs what its package.json asks for.
node_packages() {
    done=$1/node_modules/.package-lock.json
    [ "$done" -nt "$1/package.json" ] && return
    echo "installing the packages of $1 ..."
    (cd "$1" && npm install --no-audit --no-fund --loglevel=error && touch node_modules/.package-lock.json) ||
        leave_out "the packages of Node.js (npm install in $1)"
}

if have_node; then
    node_packages tests/node
    node_packages tests/drivers/node
    node_packages tests/tools/programs
fi
exit 0
