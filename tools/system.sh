# Packages of the operating system, for the scripts beside this one; to be read by them with ".".

# Whether the command exists.
have() {
    command -v "$1" >/dev/null 2>&1
}

# Whether there is a browser that programs can drive.
have_browser() { have chromium || have chromium-browser || have google-chrome; }

# How to become root: nothing for root itself, else sudo if it asks no password; fails if there is no way.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif have sudo && sudo -n true 2>/dev/null; then
        sudo -n "$@"
    else
        return 1
    fi
}

# A hanging mirror shall not hang the set-up.
apt() {
    as_root env DEBIAN_FRONTEND=noninteractive timeout 600 apt-get -q -y \
        -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 -o Acquire::Retries=2 "$@"
}

lists_are_new=

# Installs packages where apt-get exists and we may use it; all or none. Fails if they are not installed.
install_packages() {
    have apt-get || return 1
    as_root true || return 1
    echo "installing $* ..."
    if [ -z "$lists_are_new" ]; then
        apt update >/dev/null 2>&1 || echo "apt-get update failed; trying with the lists that are here" >&2
        lists_are_new=yes
    fi
    said=$(apt install --no-install-recommends "$@" 2>&1) && return
    echo "$said" | tail -n 3 >&2
    return 1
}

# What installing a package would install, itself among it.
wanted_by() {
    apt-get --simulate install --no-install-recommends "$1" 2>/dev/null | sed -n 's/^Inst \([^ ]*\) .*/\1/p'
}

# unpack FOLDER PACKAGE...: put the files of packages into .venv/FOLDER, without what installing them would start.
unpack() {
    have apt-get || return 1
    folder=$1
    shift
    echo "unpacking $* ..."
    (
        mkdir -p .venv/unpacking && cd .venv/unpacking && apt-get download "$@" &&
            for each in ./*.deb; do dpkg-deb -x "$each" "../$folder" || exit 1; done
    ) >/dev/null 2>&1
    done=$?
    rm -rf .venv/unpacking
    return $done
}
