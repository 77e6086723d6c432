#!/bin/sh
# The command line of MariaDB, or of MySQL.
set -u
client=$(command -v mariadb || command -v mysql)
export MYSQL_PWD="$DB_PASSWORD"

# sql [OPTION...]: run what comes on standard input.
sql() {
    "$client" --no-defaults --host="$DB_HOST" --port="$DB_PORT" --user=root --default-character-set=utf8mb4 \
        --batch --raw --skip-column-names "$@" CometQL_v1
}

step() {
    echo "{\"step\": \"$1\", \"got\": $2}"
}

# numbers TEXT: the columns of a row as the elements of a list.
numbers() {
    echo "[$*]" | tr '\t' ,
}

# snippet
sql <<END
INSERT INTO pipes_messages (name, event, message)
VALUES ('$DB_CHANNEL', 'text', 'It\'s a "test" of \\\\n, C:\\\\new and 100 % of ? :x\nthe second line: 🦦 ё');
END
# end of snippet

step connect "$(sql -e 'SELECT id FROM users_time WHERE id = 7' | sed 's/^7$/true/')"

kept=$(sql -e "SELECT message FROM pipes_messages WHERE name = '$DB_CHANNEL'")
text=$(printf '%s\n%s' "It's a \"test\" of \\n, C:\\new and 100 % of ? :x" 'the second line: 🦦 ё')
[ "$kept" = "$text" ] && step text true

error=$(MYSQL_PWD=wrong sql -e 'SELECT 1' 2>&1)
step 'wrong password' "$(echo "$error" | sed -n 's/^ERROR \([0-9]*\) .*/\1/p')"

step tls "$(sql --port="$DB_TLS_PORT" --ssl --ssl-ca="$DB_CA" -e 'SELECT id FROM users_time WHERE id = 7')"

step integers "$(numbers "$(sql -e 'SELECT id, time FROM users_time WHERE id = 7')")"

# --force goes on after an error, on the same connection.
found=$(echo 'SELEC 1; SELECT id FROM users_time WHERE id = 7;' | sql --force 2>&1)
number=$(echo "$found" | sed -n 's/^ERROR \([0-9]*\) .*/\1/p')
step 'syntax error' "[$number, $(echo "$found" | tail -n 1)]"

seq 0 999 | sed "s/.*/INSERT INTO pipes_messages VALUES (0, 0, '$DB_CHANNEL', 0, 'thousand', '&', 0);/" | sql -vv |
    grep -c '^Query OK, 1 row affected' | while read -r count; do step thousand "$count"; done

sql <<END && step rollback true
START TRANSACTION;
INSERT INTO pipes_messages (name, event, message) VALUES ('$DB_CHANNEL', 'rolled-back', 'goes');
ROLLBACK;
START TRANSACTION;
INSERT INTO pipes_messages (name, event, message) VALUES ('$DB_CHANNEL', 'committed', 'stays');
COMMIT;
END

step close true
