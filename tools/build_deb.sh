#!/bin/sh
# Builds the Debian package: build_deb.sh [FOLDER]. It is put into FOLDER, by default dist, and its name is printed.
#
# For the Debian or Ubuntu that this runs on, with its Python. debhelper, dpkg-dev and python3-venv have to be
# installed; the Python packages come from where pip finds them. The sources are those of the repository, or of the
# source archive; nothing is written beside them.
set -eu
cd "$(dirname "$0")/.."
for needed in dh dpkg-buildpackage; do
    command -v "$needed" >/dev/null || {
        echo "$needed is not here: apt-get install debhelper dpkg-dev python3-venv" >&2
        exit 1
    }
done
mkdir -p "${1:-dist}"
target=$(cd "${1:-dist}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sources=$work/comet
mkdir "$sources"
cp -R comet twisted docs setup.py pyproject.toml MANIFEST.in README.md CHANGELOG.md SECURITY.md LICENSE "$sources"
cp -R packaging/debian "$sources/debian"
find "$sources" -name __pycache__ -prune -exec rm -rf {} +

# The same sources give the same date: that of the last commit or, in an archive, that of setup.py.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y setup.py)}
export SOURCE_DATE_EPOCH
version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' comet/__init__.py)
release=$(. /etc/os-release && echo "$ID${VERSION_ID-}")
cat >"$sources/debian/changelog" <<CHANGES
comet ($version-1~$release) unstable; urgency=medium

  * What is new stands in CHANGELOG.md.

 -- the comet authors <comet@localhost>  $(date -u -R -d "@$SOURCE_DATE_EPOCH")
CHANGES

(cd "$sources" && dpkg-buildpackage --build=binary --no-sign) >"$work/log" 2>&1 || {
    cat "$work/log" >&2
    exit 1
}
for package in "$work"/comet_*.deb; do
    mv "$package" "$target"
    echo "$target/${package##*/}"
done
