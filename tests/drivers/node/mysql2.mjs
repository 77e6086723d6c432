// mysql2
import mysql from "mysql2/promise";
import { INSERT, TEXT, channel, encrypted, server, step } from "./report.mjs";

// snippet
const connection = await mysql.createConnection(server);
await connection.query("INSERT INTO pipes_messages (name, event, message) VALUES (?, ?, ?)", [channel, "text", TEXT]);
const [kept] = await connection.query("SELECT message FROM pipes_messages WHERE name = ?", [channel]);
// end of snippet

await step("connect", async () => (await connection.ping()) === true);
await step("text", () => kept.length === 1 && kept[0].message === TEXT);
await step("wrong password", () =>
  mysql.createConnection({ ...server, password: "wrong" }).catch((error) => error.code === "ER_ACCESS_DENIED_ERROR" && error.errno),
);
await step("tls", async () => {
  const other = await mysql.createConnection(encrypted);
  const [[row]] = await other.query("SELECT id FROM users_time WHERE id = 7");
  await other.end();
  return row.id;
});
await step("integers", async () => {
  const [[row]] = await connection.query("SELECT id, time FROM users_time WHERE id = ?", [7]);
  return [row.id, row.time];
});
await step("prepared", async () => {
  await connection.execute(INSERT, [channel, "prepared", TEXT]);
  const [rows] = await connection.execute("SELECT message FROM pipes_messages WHERE name = ?", [channel]);
  const [[row]] = await connection.execute("SELECT id, time FROM users_time WHERE id = ?", [7]);
  return [rows[1].message === TEXT, row.id, row.time];
});
await step("syntax error", async () => {
  const number = await connection.query("SELEC 1").catch((error) => error.errno);
  const [[row]] = await connection.query("SELECT id FROM users_time WHERE id = 7");
  return [number, row.id];
});
await step("thousand", async () => {
  let count = 0;
  for (let n = 0; n < 1000; n++) {
    const [result] = await connection.query(INSERT, [channel, "thousand", String(n)]);
    count += result.affectedRows;
  }
  return count;
});
await step("rollback", async () => {
  await connection.beginTransaction();
  await connection.query(INSERT, [channel, "rolled-back", "goes"]);
  await connection.rollback();
  await connection.beginTransaction();
  await connection.query(INSERT, [channel, "committed", "stays"]);
  await connection.commit();
  return true;
});
await step("close", async () => {
  await connection.end();
  return true;
});
