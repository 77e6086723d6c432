// What DBeaver and Metabase do, by either Connector/J: metadata, then rows in an updatable result.
//
// Its arguments are the password and URLs; for each of these it prints a line for each thing that it has found.
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

public class WithJDBC {
    static void tell(String what, Object found) {
        System.out.println(what + ": " + found);
    }

    // The rows of a result, these columns of each.
    static List<List<Object>> rows(ResultSet result, String... columns) throws SQLException {
        List<List<Object>> found = new ArrayList<>();
        while (result.next()) {
            List<Object> row = new ArrayList<>();
            for (String column : columns) {
                row.add(result.getObject(column));
            }
            found.add(row);
        }
        result.close();
        return found;
    }

    static void metadata(Connection db) throws SQLException {
        DatabaseMetaData about = db.getMetaData();
        String name = "CometQL_v1";
        tell("driver", about.getDriverName());
        tell("product", about.getDatabaseProductName() + " " + about.getDatabaseMajorVersion());
        tell("catalogs", rows(about.getCatalogs(), "TABLE_CAT"));
        String[] kinds = {"TABLE", "VIEW"};
        tell("tables", rows(about.getTables(name, null, "users%", kinds), "TABLE_NAME", "TABLE_TYPE"));
        tell("columns", rows(about.getColumns(name, null, "users_auth", "%"),
            "COLUMN_NAME", "DATA_TYPE", "TYPE_NAME", "COLUMN_SIZE", "IS_NULLABLE", "ORDINAL_POSITION", "REMARKS"));
        tell("keys", rows(about.getPrimaryKeys(name, null, "pipes_messages"), "COLUMN_NAME", "PK_NAME"));
        tell("indexes", rows(about.getIndexInfo(name, null, "pipes_messages", false, true),
            "INDEX_NAME", "COLUMN_NAME", "NON_UNIQUE"));
        tell("imported", rows(about.getImportedKeys(name, null, "users_auth"), "FKCOLUMN_NAME"));
        tell("exported", rows(about.getExportedKeys(name, null, "users_auth"), "FKCOLUMN_NAME"));
        tell("procedures", rows(about.getProcedures(name, null, "%"), "PROCEDURE_NAME"));
        tell("functions", rows(about.getFunctions(name, null, "%"), "FUNCTION_NAME"));
        tell("types", rows(about.getTypeInfo(), "TYPE_NAME").size() > 10);
        try {
            tell("rights", rows(about.getTablePrivileges(name, null, "users_auth"), "PRIVILEGE"));
        } catch (SQLException error) {
            // One of the drivers looks into the database mysql.
            tell("rights", error.getErrorCode());
        }
        tell("rows known", rows(about.getBestRowIdentifier(name, null, "users_auth", 1, true), "COLUMN_NAME"));
        tell("words", about.getSQLKeywords().toUpperCase().contains("STRAIGHT_JOIN"));
        tell("views", rows(about.getTables("information_schema", null, "ENGINES", null), "TABLE_NAME"));
    }

    static void edit(Connection db) throws SQLException {
        String all = "SELECT id, data FROM users_data WHERE id BETWEEN 27 AND 29 ORDER BY id";
        int scrolls = ResultSet.TYPE_SCROLL_INSENSITIVE;
        try (Statement statement = db.createStatement(scrolls, ResultSet.CONCUR_UPDATABLE)) {
            ResultSet grid = statement.executeQuery("SELECT id, data FROM users_data WHERE id = 0");
            for (int id = 27; id < 30; id++) {
                grid.moveToInsertRow();
                grid.updateInt("id", id);
                grid.updateString("data", "it's " + id);
                grid.insertRow();
            }
            tell("inserted", rows(db.createStatement().executeQuery(all), "id", "data"));
            grid = statement.executeQuery(all);
            grid.next();
            grid.updateString("data", "changed 🦦");
            grid.updateRow();
            grid.next();
            grid.deleteRow();
            tell("edited", rows(db.createStatement().executeQuery(all), "id", "data"));
        }
        String paged = "SELECT id FROM users_data WHERE id > ? ORDER BY id DESC LIMIT ?, ?";
        try (PreparedStatement page = db.prepareStatement(paged)) {
            page.setInt(1, 20);
            page.setInt(2, 0);
            page.setInt(3, 1);
            tell("page", rows(page.executeQuery(), "id"));
        }
    }

    static void types(Connection db) throws SQLException {
        ResultSet result = db.createStatement().executeQuery(
            "SELECT id, COUNT(*) AS n, SUM(id) AS s, NOW() AS moment, data FROM users_data WHERE id = 29"
            + " GROUP BY id, data");
        ResultSetMetaData about = result.getMetaData();
        List<String> found = new ArrayList<>();
        result.next();
        for (int place = 1; place <= about.getColumnCount(); place++) {
            found.add(about.getColumnTypeName(place) + " " + result.getObject(place).getClass().getSimpleName());
        }
        tell("types of an answer", found);
    }

    static void transactions(Connection db) throws SQLException {
        db.setAutoCommit(false);
        db.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
        db.createStatement().executeUpdate("DELETE FROM users_data WHERE id = 27");
        db.rollback();
        db.createStatement().executeUpdate("DELETE FROM users_data WHERE id = 29");
        db.commit();
        db.setAutoCommit(true);
        tell("committed", rows(db.createStatement().executeQuery("SELECT id FROM users_data WHERE id > 20"), "id"));
        db.setReadOnly(true);
        db.setReadOnly(false);
        tell("valid", db.isValid(5));
        try {
            db.createStatement().executeUpdate("DELETE FROM users_time WHERE id = 1");
        } catch (SQLException error) {
            tell("refused", error.getErrorCode() + " " + error.getSQLState());
        }
    }

    public static void main(String[] arguments) throws SQLException {
        for (int place = 1; place < arguments.length; place++) {
            try (Connection db = DriverManager.getConnection(arguments[place], "root", arguments[0])) {
                tell("url", arguments[place]);
                metadata(db);
                edit(db);
                types(db);
                transactions(db);
                db.createStatement().executeUpdate("DELETE FROM users_data WHERE id IN (27, 28, 29)");
            }
        }
    }
}
