// mysql
import { promisify } from "node:util";
import mysql from "mysql";
import { INSERT, TEXT, channel, encrypted, server, step } from "./report.mjs";

// snippet
const connection = mysql.createConnection(server);
const query = promisify(connection.query).bind(connection);
await query("INSERT INTO pipes_messages (name, event, message) VALUES (?, ?, ?)", [channel, "text", TEXT]);
const kept = await query("SELECT message FROM pipes_messages WHERE name = ?", [channel]);
// end of snippet

/** A method of the connection that takes a callback, awaited. */
const call = (name, connected = connection) => promisify(connected[name]).call(connected);

await step("connect", () => connection.state === "authenticated");
await step("text", () => kept.length === 1 && kept[0].message === TEXT);
await step("wrong password", () =>
  call("connect", mysql.createConnection({ ...server, password: "wrong" })).catch(
    (error) => error.code === "ER_ACCESS_DENIED_ERROR" && error.errno,
  ),
);
await step("tls", async () => {
  const other = mysql.createConnection(encrypted);
  const [row] = await promisify(other.query).call(other, "SELECT id FROM users_time WHERE id = 7");
  await call("end", other);
  return row.id;
});
await step("integers", async () => {
  const [row] = await query("SELECT id, time FROM users_time WHERE id = ?", [7]);
  return [row.id, row.time];
});
await step("syntax error", async () => {
  const number = await query("SELEC 1").catch((error) => error.errno);
  const [row] = await query("SELECT id FROM users_time WHERE id = 7");
  return [number, row.id];
});
await step("thousand", async () => {
  let count = 0;
  for (let n = 0; n < 1000; n++) {
    count += (await query(INSERT, [channel, "thousand", String(n)])).affectedRows;
  }
  return count;
});
await step("rollback", async () => {
  await call("beginTransaction");
  await query(INSERT, [channel, "rolled-back", "goes"]);
  await call("rollback");
  await call("beginTransaction");
  await query(INSERT, [channel, "committed", "stays"]);
  await call("commit");
  return true;
});
await step("close", async () => {
  await call("end");
  return true;
});
