// MySQL++
#include <mysql++/mysql++.h>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <string>

using std::string;

static const char *TEXT = "It's a \"test\" of \\n, C:\\new and 100 % of ? :x\nthe second line: 🦦 ё";
static const string channel = getenv("DB_CHANNEL");

static void step(const char *name, std::function<string()> work)
{
    try {
        std::cout << "{\"step\": \"" << name << "\", \"got\": " << work() << "}" << std::endl;
    } catch (const std::exception &error) {
        std::cerr << name << ": " << error.what() << std::endl;
    }
}

static void login(mysqlpp::Connection &db, const char *port, const char *password)
{
    db.set_option(new mysqlpp::SetCharsetNameOption("utf8mb4"));
    db.connect("CometQL_v1", getenv("DB_HOST"), "root", password, atoi(getenv(port)));
}

// snippet
static int publish(mysqlpp::Connection &db, const char *event, const string &text)
{
    mysqlpp::Query insert = db.query("INSERT INTO pipes_messages (name, event, message) VALUES (%0q, %1q, %2q)");
    insert.parse();
    return insert.execute(channel, event, text).rows();
}
// end of snippet

static string whether(bool value) { return value ? "true" : "false"; }

static string id(mysqlpp::Connection &db)
{
    mysqlpp::StoreQueryResult found = db.query("SELECT id FROM users_time WHERE id = 7").store();
    return std::to_string(int(found[0]["id"]));
}

int main()
{
    mysqlpp::Connection db;

    step("connect", [&] {
        login(db, "DB_PORT", getenv("DB_PASSWORD"));
        return whether(db.ping());
    });
    step("text", [&] {
        publish(db, "text", TEXT);
        mysqlpp::Query select = db.query();
        select << "SELECT message FROM pipes_messages WHERE name = " << mysqlpp::quote << channel;
        mysqlpp::StoreQueryResult kept = select.store();
        return whether(kept.num_rows() == 1 && kept[0]["message"] == TEXT);
    });
    step("wrong password", []() -> string {
        mysqlpp::Connection other;
        try {
            login(other, "DB_PORT", "wrong");
        } catch (const mysqlpp::ConnectionFailed &error) {
            return std::to_string(error.errnum());
        }
        return "null";
    });
    step("tls", [] {
        mysqlpp::Connection other;
        other.set_option(new mysqlpp::SslOption("", "", getenv("DB_CA")));
        login(other, "DB_TLS_PORT", getenv("DB_PASSWORD"));
        return id(other);
    });
    step("integers", [&] {
        mysqlpp::StoreQueryResult found = db.query("SELECT id, time FROM users_time WHERE id = 7").store();
        for (int column = 0; column < 2; column++) {
            if (found.field_type(column).c_type() == typeid(string)) {
                throw std::runtime_error("a column is a string");
            }
        }
        return "[" + std::to_string(int(found[0][0])) + ", " + std::to_string(int(found[0][1])) + "]";
    });
    step("syntax error", [&]() -> string {
        try {
            db.query("SELEC 1").execute();
        } catch (const mysqlpp::BadQuery &error) {
            return "[" + std::to_string(error.errnum()) + ", " + id(db) + "]";
        }
        return "null";
    });
    step("thousand", [&] {
        int count = 0;
        for (int n = 0; n < 1000; n++) {
            count += publish(db, "thousand", std::to_string(n));
        }
        return std::to_string(count);
    });
    step("rollback", [&] {
        {
            mysqlpp::Transaction rolled_back(db);
            publish(db, "rolled-back", "goes");
        }
        mysqlpp::Transaction committed(db);
        publish(db, "committed", "stays");
        committed.commit();
        return string("true");
    });
    step("close", [&] {
        db.disconnect();
        return whether(!db.connected());
    });
}
