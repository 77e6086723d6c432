/* The C API, of libmariadb. */
#include <mysql.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *TEXT = "It's a \"test\" of \\n, C:\\new and 100 % of ? :x\nthe second line: 🦦 ё";
static const char *channel;

static MYSQL *connect_to(const char *port, const char *password, const char *ca)
{
    MYSQL *db = mysql_init(NULL);
    mysql_options(db, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    if (ca) {
        mysql_ssl_set(db, NULL, NULL, ca, NULL, NULL);
    }
    mysql_real_connect(db, getenv("DB_HOST"), "root", password, "CometQL_v1", atoi(port), NULL, 0);
    return db;
}

static void complain(const char *step, const char *error)
{
    if (*error) {
        fprintf(stderr, "%s: %s\n", step, error);
    }
}

/* snippet */
static int publish(MYSQL *db, const char *event, const char *text)
{
    char escaped[1000], sql[2000];
    mysql_real_escape_string(db, escaped, text, strlen(text));
    snprintf(sql, sizeof sql, "INSERT INTO pipes_messages (name, event, message) VALUES ('%s', '%s', '%s')",
             channel, event, escaped);
    return mysql_query(db, sql) ? 0 : (int)mysql_affected_rows(db);
}
/* end of snippet */

/* Whether the last text that the channel has kept is TEXT. */
static int kept(MYSQL *db)
{
    char sql[500];
    int same = 0;
    snprintf(sql, sizeof sql, "SELECT message FROM pipes_messages WHERE name = '%s'", channel);
    mysql_query(db, sql);
    MYSQL_RES *result = mysql_store_result(db);
    for (MYSQL_ROW row; result && (row = mysql_fetch_row(result));) {
        same = mysql_fetch_lengths(result)[0] == strlen(TEXT) && !strcmp(row[0], TEXT);
    }
    mysql_free_result(result);
    return same;
}

static void select_id(MYSQL *db, char *id, size_t size)
{
    mysql_query(db, "SELECT id FROM users_time WHERE id = 7");
    MYSQL_RES *result = mysql_store_result(db);
    MYSQL_ROW row = result ? mysql_fetch_row(result) : NULL;
    /* Without quotes it is a number to the reader only if the column is one. */
    MYSQL_FIELD *field = row ? mysql_fetch_field(result) : NULL;
    snprintf(id, size, field && IS_NUM(field->type) ? "%s" : "\"%s\"", row ? row[0] : "");
    mysql_free_result(result);
}

static MYSQL_STMT *prepare(MYSQL *db, const char *sql)
{
    MYSQL_STMT *statement = mysql_stmt_init(db);
    mysql_stmt_prepare(statement, sql, strlen(sql));
    complain("prepared", mysql_stmt_error(statement));
    return statement;
}

static void insert_prepared(MYSQL *db)
{
    MYSQL_STMT *insert = prepare(db, "INSERT INTO pipes_messages (name, event, message) VALUES (?, 'prepared', ?)");
    MYSQL_BIND values[2] = {{0}};
    values[0].buffer_type = values[1].buffer_type = MYSQL_TYPE_STRING;
    values[0].buffer = (void *)channel;
    values[0].buffer_length = strlen(channel);
    values[1].buffer = (void *)TEXT;
    values[1].buffer_length = strlen(TEXT);
    mysql_stmt_bind_param(insert, values);
    mysql_stmt_execute(insert);
    complain("prepared", mysql_stmt_error(insert));
    mysql_stmt_close(insert);
}

static void select_prepared(MYSQL *db, int *id, long long *seconds)
{
    MYSQL_STMT *select = prepare(db, "SELECT id, time FROM users_time WHERE id = ?");
    MYSQL_BIND value = {0}, found[2] = {{0}};
    int seven = 7;
    value.buffer_type = found[0].buffer_type = MYSQL_TYPE_LONG;
    value.buffer = &seven;
    found[0].buffer = id;
    found[1].buffer_type = MYSQL_TYPE_LONGLONG;
    found[1].buffer = seconds;
    mysql_stmt_bind_param(select, &value);
    mysql_stmt_execute(select);
    mysql_stmt_bind_result(select, found);
    mysql_stmt_fetch(select);
    complain("prepared", mysql_stmt_error(select));
    mysql_stmt_close(select);
}

int main(void)
{
    const char *port = getenv("DB_PORT"), *password = getenv("DB_PASSWORD");
    char id[30];
    int number = 0, count = 0;
    long long seconds = 0;
    channel = getenv("DB_CHANNEL");

    MYSQL *db = connect_to(port, password, NULL);
    complain("connect", mysql_error(db));
    printf("{\"step\": \"connect\", \"got\": %s}\n", mysql_ping(db) ? "false" : "true");

    publish(db, "text", TEXT);
    complain("text", mysql_error(db));
    printf("{\"step\": \"text\", \"got\": %s}\n", kept(db) ? "true" : "false");

    MYSQL *other = connect_to(port, "wrong", NULL);
    printf("{\"step\": \"wrong password\", \"got\": %u}\n", mysql_errno(other));
    mysql_close(other);

    other = connect_to(getenv("DB_TLS_PORT"), password, getenv("DB_CA"));
    complain("tls", mysql_error(other));
    select_id(other, id, sizeof id);
    printf("{\"step\": \"tls\", \"got\": %s}\n", mysql_get_ssl_cipher(other) ? id : "null");
    mysql_close(other);

    mysql_query(db, "SELECT id, time FROM users_time WHERE id = 7");
    MYSQL_RES *result = mysql_store_result(db);
    MYSQL_FIELD *fields = mysql_fetch_fields(result);
    MYSQL_ROW row = mysql_fetch_row(result);
    if (IS_NUM(fields[0].type) && IS_NUM(fields[1].type)) {
        printf("{\"step\": \"integers\", \"got\": [%d, %d]}\n", atoi(row[0]), atoi(row[1]));
    }
    mysql_free_result(result);

    insert_prepared(db);
    select_prepared(db, &number, &seconds);
    printf("{\"step\": \"prepared\", \"got\": [%s, %d, %lld]}\n", kept(db) ? "true" : "false", number, seconds);

    mysql_query(db, "SELEC 1");
    number = mysql_errno(db);
    select_id(db, id, sizeof id);
    printf("{\"step\": \"syntax error\", \"got\": [%d, %s]}\n", number, id);

    for (number = 0; number < 1000; number++) {
        char text[10];
        snprintf(text, sizeof text, "%d", number);
        count += publish(db, "thousand", text);
    }
    printf("{\"step\": \"thousand\", \"got\": %d}\n", count);

    mysql_autocommit(db, 0);
    publish(db, "rolled-back", "goes");
    mysql_rollback(db);
    publish(db, "committed", "stays");
    mysql_commit(db);
    complain("rollback", mysql_error(db));
    printf("{\"step\": \"rollback\", \"got\": true}\n");

    mysql_close(db);
    printf("{\"step\": \"close\", \"got\": true}\n");
    return 0;
}
