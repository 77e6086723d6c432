// MariaDB Connector/J
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

public class WithConnectorJ {
    static final String INSERT = "INSERT INTO pipes_messages (name, event, message) VALUES (?, ?, ?)";
    static final String TEXT = "It's a \"test\" of \\n, C:\\new and 100 % of ? :x\nthe second line: 🦦 ё";
    static final String CHANNEL = System.getenv("DB_CHANNEL");
    static final String PASSWORD = System.getenv("DB_PASSWORD");

    static void step(String name, Callable<Object> work) {
        try {
            System.out.println("{\"step\": \"" + name + "\", \"got\": " + work.call() + "}");
        } catch (Exception error) {
            System.err.println(name + ": " + error);
        }
    }

    static Connection connect(String port, String password, String options) throws SQLException {
        String where = "jdbc:mariadb://" + System.getenv("DB_HOST") + ":" + port + "/CometQL_v1" + options;
        return DriverManager.getConnection(where, "root", password);
    }

    // snippet
    static void insert(Connection db, String event, String text) throws SQLException {
        String sql = "INSERT INTO pipes_messages (name, event, message) VALUES (?, ?, ?)";
        try (PreparedStatement insert = db.prepareStatement(sql)) {
            insert.setString(1, CHANNEL);
            insert.setString(2, event);
            insert.setString(3, text);
            insert.executeUpdate();
        }
    }

    static List<String> kept(Connection db) throws SQLException {
        List<String> texts = new ArrayList<>();
        String sql = "SELECT message FROM pipes_messages WHERE name = ?";
        try (PreparedStatement select = db.prepareStatement(sql)) {
            select.setString(1, CHANNEL);
            ResultSet rows = select.executeQuery();
            while (rows.next()) {
                texts.add(rows.getString("message"));
            }
        }
        return texts;
    }
    // end of snippet

    static List<Object> times(Connection db) throws SQLException {
        try (PreparedStatement select = db.prepareStatement("SELECT id, time FROM users_time WHERE id = ?")) {
            select.setInt(1, 7);
            ResultSet rows = select.executeQuery();
            rows.next();
            // JSON of a string would have quotes: these are numbers.
            return List.of((Number) rows.getObject(1), (Number) rows.getObject(2));
        }
    }

    static int number(Callable<?> work) throws Exception {
        try {
            work.call();
            return 0;
        } catch (SQLException error) {
            return error.getErrorCode();
        }
    }

    public static void main(String[] arguments) throws Exception {
        String port = System.getenv("DB_PORT");
        Connection db = connect(port, PASSWORD, "");

        step("connect", () -> db.isValid(5));
        step("text", () -> {
            insert(db, "text", TEXT);
            return kept(db).equals(List.of(TEXT));
        });
        step("wrong password", () -> number(() -> connect(port, "wrong", "")));
        step("tls", () -> {
            String options = "?useSsl=true&serverSslCert=" + System.getenv("DB_CA") + "&disableSslHostnameVerification=true";
            try (Connection other = connect(System.getenv("DB_TLS_PORT"), PASSWORD, options)) {
                return times(other).get(0);
            }
        });
        step("integers", () -> times(db));
        step("prepared", () -> {
            try (Connection prepared = connect(port, PASSWORD, "?useServerPrepStmts=true")) {
                insert(prepared, "prepared", TEXT);
                List<Object> row = times(prepared);
                return List.of(kept(prepared).get(1).equals(TEXT), row.get(0), row.get(1));
            }
        });
        step("syntax error", () -> {
            int number = number(() -> db.createStatement().execute("SELEC 1"));
            return List.of(number, times(db).get(0));
        });
        step("thousand", () -> {
            int count = 0;
            try (PreparedStatement insert = db.prepareStatement(INSERT)) {
                for (int n = 0; n < 1000; n++) {
                    insert.setString(1, CHANNEL);
                    insert.setString(2, "thousand");
                    insert.setString(3, String.valueOf(n));
                    count += insert.executeUpdate();
                }
            }
            return count;
        });
        step("rollback", () -> {
            db.setAutoCommit(false);
            insert(db, "rolled-back", "goes");
            db.rollback();
            insert(db, "committed", "stays");
            db.commit();
            db.setAutoCommit(true);
            return true;
        });
        step("close", () -> {
            db.close();
            return db.isClosed();
        });
    }
}
