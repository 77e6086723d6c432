#!/bin/sh
# Gets what comet is measured beside, besides Python packages. What is there already is left alone, and what cannot be
# had is no failure: the results then say so in its place.
set -u
cd "$(dirname "$0")/.." || exit 1
. tools/system.sh

# need WHAT PACKAGES TEST...: install the packages unless the test passes.
need() {
    what=$1 packages=$2
    shift 2
    "$@" || install_packages $packages || echo "left out: $what (apt-get install $packages)"
}

have_compiler() { have cc; }
have_mariadb() { PATH=$PATH:/usr/sbin have mariadbd || PATH=$PATH:/usr/sbin have mysqld; }
need "the loops in C" "gcc libc6-dev" have_compiler
need "MariaDB" mariadb-server-core have_mariadb
need "Chromium" chromium have_browser

leave_out() { echo "left out: $1"; }
. tools/setup_redis.sh

# Module and program have to be of one build, so both are unpacked.
have_nchan() { [ -e .venv/nginx/usr/lib/nginx/modules/ngx_nchan_module.so ]; }
have_nchan || unpack nginx nginx libnginx-mod-nchan || echo "left out: nchan (apt-get download nginx libnginx-mod-nchan)"
# Its build insists on this folder, which it leaves empty.
[ ! -e .venv/nginx ] || [ -d /var/lib/nginx ] || as_root mkdir -p /var/lib/nginx ||
    echo "left out: nchan (mkdir -p /var/lib/nginx)"
exit 0
