# Unpacks a Janus for the tests below .venv; setup_tests.sh reads this with ".".
#
# The package would start a service, and brings libraries that nothing else here uses: so it is only unpacked, with those
# of its libraries that are not installed.

janus_files=.venv/janus

have_janus() { have janus || [ -x "$janus_files/usr/bin/janus" ]; }

# packages_of PACKAGE: the names of what installing it would install.
packages_of() { apt-get -s --no-install-recommends install "$1" 2>/dev/null | awk '$1 == "Inst" { print $2 }'; }

unpack_janus() (
    have apt-get && have dpkg-deb || exit 1
    echo "unpacking Janus ..."
    rm -rf "$janus_files" && mkdir -p "$janus_files" && cd "$janus_files" || exit 1
    timeout 600 apt-get -q download $(packages_of janus) >/dev/null 2>&1 || exit 1
    for each in ./*.deb; do dpkg-deb -x "$each" unpacking && rm "$each" || exit 1; done
    # Only now it has its name: what was broken off is no Janus.
    mv unpacking/* . && rmdir unpacking
)

have_janus || unpack_janus || {
    # The lists of packages may be missing, or name versions that are gone.
    apt update >/dev/null 2>&1 && unpack_janus
}
have_janus || leave_out "Janus (apt-get install janus)"
