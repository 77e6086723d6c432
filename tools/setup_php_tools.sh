# Unpacks phpMyAdmin, Adminer and the parts of Laravel for tests/tools; setup_tests.sh reads this with ".".
#
# To install them would set up a web server and ask about a database; PHP serves their files by itself. Of Laravel the
# distribution has the parts, Illuminate, and not the framework around them.

php_tools=.venv/php-tools
php_wanted="phpmyadmin adminer php-doctrine-dbal"
php_wanted="$php_wanted php-illuminate-console php-illuminate-database php-illuminate-events php-illuminate-filesystem"

have_php_tools() {
    for each in phpmyadmin/index.php adminer/adminer.php php/Doctrine/DBAL php/Illuminate/Events; do
        [ -e "$php_tools/usr/share/$each" ] || return 1
    done
}

# The packages and all that they are written on, but not the web server, the database or PHP.
php_packages() {
    apt-get install -s --no-install-recommends -o Dir::State::status=/dev/null $php_wanted 2>/dev/null |
        awk '/^Inst (php-|php[0-9.]+-(mbstring|xml) |libjs-|phpmyadmin|adminer)/ { print $2 }'
}

unpack_php_tools() (
    have apt-get && have dpkg-deb || exit 1
    rm -rf "$php_tools" && mkdir -p "$php_tools/unpacking" && cd "$php_tools/unpacking" || exit 1
    packages=$(php_packages)
    [ -n "$packages" ] && timeout 600 apt-get -q download $packages || exit 1
    for each in ./*.deb; do dpkg-deb -x "$each" .. || exit 1; done
    cd .. && rm -r unpacking
    # Where its configuration and its cache are, the test says.
    sed -i "s|'/etc/phpmyadmin/config.inc.php'|getenv('PMA_CONFIG')|; s|'/var/lib/phpmyadmin/tmp/'|getenv('PMA_CACHE')|" \
        usr/share/phpmyadmin/libraries/vendor_config.php
)

if have php && ! have_php_tools; then
    echo "unpacking phpMyAdmin, Adminer and the parts of Laravel ..."
    unpack_php_tools >/dev/null 2>&1
    have_php_tools || leave_out "phpMyAdmin, Adminer and the parts of Laravel (apt-get download $php_wanted)"
fi
