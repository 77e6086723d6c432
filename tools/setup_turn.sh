# Installs a TURN server, coturn, for the tests beside it; setup_tests.sh reads this with ".".
#
# Its package would start a server, so only what it needs is installed, and its own files are unpacked below .venv.

turn_files=.venv/coturn

have_turn() { (PATH=$PATH:$turn_files/usr/bin && have turnserver && have turnutils_uclient && turnserver -h >/dev/null 2>&1); }

unpack_turn() (
    have apt-get && have dpkg-deb || exit 1
    mkdir -p "$turn_files" && cd "$turn_files" || exit 1
    timeout 600 apt-get -q download coturn >/dev/null 2>&1 && dpkg-deb -x coturn_*.deb . && rm coturn_*.deb
)

# The libraries that it needs and that are not here; their names differ from one distribution to the next.
turn_libraries() {
    for each in $(apt-cache depends coturn 2>/dev/null | sed -n 's/^ *Depends: \(lib.*\)$/\1/p'); do
        dpkg-query --show --showformat='${db:Status-Status}\n' "$each" 2>/dev/null | grep -qx installed || echo "$each"
    done
}

have_turn || {
    libraries=$(turn_libraries)
    [ -z "$libraries" ] || install_packages $libraries
    echo "unpacking coturn ..."
    unpack_turn
    have_turn || leave_out "coturn, a TURN server (apt-get install coturn)"
}
