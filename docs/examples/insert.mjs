// npm install mysql2
import mysql from "mysql2/promise";

const comet = await mysql.createConnection({ host: "127.0.0.1", port: 3307, user: "root", password: "PASSWORD" });
await comet.query("INSERT INTO pipes_messages (name, event, message) VALUES (?)", [["web_demo", "message", "Hello from Node"]]);
await comet.end();
