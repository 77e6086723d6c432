// Inserts rows with mysql2, as a program would; what to insert comes as JSON on standard input.
import { text } from "node:stream/consumers";
import mysql from "mysql2/promise";

const { port, password, rows } = JSON.parse(await text(process.stdin));
try {
  const connection = await mysql.createConnection({
    host: "127.0.0.1",
    port,
    user: "root",
    password,
    database: "CometQL_v1",
  });
  const affected = [];
  for (const row of rows) {
    const [result] = await connection.query("INSERT INTO pipes_messages (name, event, message) VALUES (?, ?, ?)", row);
    affected.push(result.affectedRows);
  }
  await connection.end();
  console.log(JSON.stringify({ affected }));
} catch (error) {
  console.log(JSON.stringify({ errno: error.errno, message: error.message }));
}
