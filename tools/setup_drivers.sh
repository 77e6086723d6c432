# Installs the MySQL drivers of other languages, for tests/drivers; setup_tests.sh reads this with ".".
#
# All that is missing is installed together, which takes a fraction of the time of one by one.

have_php() { php -r "exit(extension_loaded('mysqli') && extension_loaded('pdo_mysql') ? 0 : 1);"; }
have_perl_mysql() { perl -MDBD::mysql -MJSON::PP -e 1; }
have_perl_mariadb() { perl -MDBD::MariaDB -MJSON::PP -e 1; }
have_ruby() { ruby -rmysql2 -rjson -e 1; }
have_go() { have go && GO111MODULE=off GOPATH=/usr/share/gocode go list github.com/go-sql-driver/mysql; }
have_java() { java -version && javac -version && [ -e /usr/share/java/mariadb-java-client.jar ]; }
have_c() { have cc && have pkg-config && pkg-config --exists libmariadb; }
have_cpp() { have_c && have c++ && [ -e /usr/include/mysql++/mysql++.h ]; }
have_lua() { lua5.4 -e "require('luasql.mysql')"; }
have_tcl() { echo 'puts [package require tdbc::mysql]' | tclsh | grep -q '[0-9]'; }
have_r() { Rscript --vanilla -e 'library(RMySQL)'; }
have_odbc() { have odbcinst && odbcinst -q -d -n 'MariaDB Unicode'; }

# each_driver DO: calls DO WHAT PACKAGES TEST for each.
each_driver() {
    "$1" "mysqli and PDO of PHP" "php-cli php-mysql" have_php
    "$1" "DBD::mysql of Perl" "perl libdbd-mysql-perl" have_perl_mysql
    "$1" "DBD::MariaDB of Perl" "perl libdbd-mariadb-perl" have_perl_mariadb
    "$1" "mysql2 of Ruby" "ruby ruby-mysql2" have_ruby
    "$1" "the MySQL driver of Go" "golang-go golang-github-go-sql-driver-mysql-dev" have_go
    "$1" "MariaDB Connector/J of Java" "default-jdk-headless libmariadb-java" have_java
    "$1" "libmariadb of C" "gcc libc6-dev libmariadb-dev pkg-config" have_c
    "$1" "MySQL++ of C++" "g++ libmysql++-dev libmariadb-dev" have_cpp
    "$1" "LuaSQL of Lua" "lua5.4 lua-sql-mysql" have_lua
    "$1" "tdbc::mysql of Tcl" "tcl tcl8.6-tdbc-mysql libmariadb3" have_tcl
    "$1" "RMySQL of R" "r-cran-rmysql" have_r
    "$1" "the ODBC driver of MariaDB" "odbc-mariadb unixodbc odbcinst" have_odbc
}

wanted=
# A Go that did not come from packages is left as it is, and lends its driver from them.
want() { "$3" >/dev/null 2>&1 || wanted="$wanted $(without_present "$2")"; }
without_present() { if have go; then echo "$1" | sed 's/golang-go //'; else echo "$1"; fi; }
retry() { "$3" >/dev/null 2>&1 || install_packages $(without_present "$2"); }
report() { "$3" >/dev/null 2>&1 || leave_out "$1 (apt-get install $2)"; }

each_driver want
if [ -n "$wanted" ] && ! install_packages $wanted; then
    # One that this release does not have shall not keep the others away.
    each_driver retry
fi
[ -z "$wanted" ] || each_driver report

"$python" -c 'import pyodbc' 2>/dev/null ||
    "$python" -m pip --disable-pip-version-check --quiet install pyodbc >/dev/null 2>&1 ||
    leave_out "pyodbc (pip install pyodbc)"

# That of MySQL is in no package of the distribution.
connector=com.mysql:mysql-connector-j:9.1.0
have_connector_j() { ls .venv/java/mysql-connector-j-*.jar; }
if have_java >/dev/null 2>&1 && ! have_connector_j >/dev/null 2>&1; then
    echo "fetching MySQL Connector/J ..."
    have mvn || install_packages maven
    mvn -q org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy -Dartifact=$connector \
        -DoutputDirectory=.venv/java >/dev/null 2>&1 || leave_out "MySQL Connector/J ($connector, by mvn)"
fi
