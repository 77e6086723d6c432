// What the programs beside this one share: where the server is, what is sent, and how a step is told.
import { readFileSync } from "node:fs";

export const { DB_CHANNEL: channel, DB_TLS_PORT } = process.env;
export const server = {
  host: process.env.DB_HOST,
  port: Number(process.env.DB_PORT),
  user: "root",
  password: process.env.DB_PASSWORD,
  database: "CometQL_v1",
};
export const encrypted = {
  ...server,
  port: Number(DB_TLS_PORT),
  ssl: { ca: readFileSync(process.env.DB_CA), rejectUnauthorized: false },
};
export const INSERT = "INSERT INTO pipes_messages (name, event, message) VALUES (?, ?, ?)";
export const TEXT = 'It\'s a "test" of \\n, C:\\new and 100 % of ? :x\nthe second line: 🦦 ё';

export async function step(name, work) {
  try {
    console.log(JSON.stringify({ step: name, got: await work() }));
  } catch (error) {
    console.error(`${name}: ${error.message}`);
  }
}
