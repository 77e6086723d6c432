#!/bin/sh
# Makes a virtual environment: make_venv.sh FOLDER. The Python is $PYTHON, or the first on PATH that is new enough.
set -eu
. "$(dirname "$0")/system.sh"
venv=$1

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

python=
for name in ${PYTHON:-python3.11 python3 python3.12 python3.13 python3.14 python}; do
    if command -v "$name" >/dev/null 2>&1 && new_enough "$name"; then
        python=$name
        break
    fi
done
if [ -z "$python" ]; then
    echo "comet needs Python 3.11 or later, and there is none on the PATH; PYTHON=/path/to/python make ... names one" >&2
    exit 1
fi

# Debian keeps a part of venv in a package of its own, and says so only when it is too late.
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    package=python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv
    install_packages "$package" || true
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        echo "$python cannot make virtual environments; install them first: apt-get install $package" >&2
        exit 1
    fi
fi
echo "making $venv with $("$python" --version) ..."
"$python" -m venv "$venv"
