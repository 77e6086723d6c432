import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import mysql from "mysql2/promise";

const comet = mysql.createPool({ host: "127.0.0.1", port: 3307, user: "root", password: "PASSWORD" });
const INSERT = "INSERT INTO pipes_messages (name, event, message) VALUES (?, ?, ?)";

/** What socket.on("say") did: look at what comes, do what is to be done, tell the room, and answer. */
async function say(request) {
  const chunks = [];
  for await (const chunk of request) {
    chunks.push(chunk);
    if (Buffer.concat(chunks).length > 2000) return [413, { error: "too long" }];
  }
  const text = Buffer.concat(chunks).toString().trim();
  if (!text) return [400, { error: "nothing said" }];
  await comet.execute(INSERT, ["room_12", "said", JSON.stringify({ text })]);
  return [200, { ok: true }];
}

const server = createServer(async (request, response) => {
  try {
    if (request.method === "POST" && request.url === "/say") {
      const [status, answer] = await say(request);
      response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(answer));
    } else {
      response.writeHead(200, { "Content-Type": "text/html" }).end(await readFile("index.html"));
    }
  } catch (error) {
    console.error(error);
    response.writeHead(500).end();
  }
});
server.listen(process.env.PORT ?? 8000, "127.0.0.1");
