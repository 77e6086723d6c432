// Checked with tsc, not run: how both faces are used.
import { connect, cometApi, CometError, tabSignal, type Message } from "comet-client";

interface Line {
  text: string;
}

const comet = connect({ nodes: ["a.example", "b.example"], userId: 7, getToken: async () => "token", transports: ["websocket", "sse"] });
comet.onState(({ state, retryIn = 0 }) => console.log(state, retryIn.toFixed()));
const chat = comet.subscribe<Line>("web_chat", { since: "e:1", signal: new AbortController().signal });
chat.onGap(({ missed }) => console.log(missed + 1));
chat.onJoin(({ userId }) => console.log(userId + 1));

export async function read(): Promise<string[]> {
  const lines: string[] = [];
  for await (const { data } of chat) lines.push(data.text);
  const { receivers } = await chat.publish({ text: "hello" });
  // @ts-expect-error: a line has a text
  await chat.publish({ txt: receivers });
  comet.messages((message: Message) => lines.push(message.text));
  return lines;
}

comet.publish("web_chat", 1).catch((error) => error instanceof CometError && console.log(error.code + 1));
cometApi.subscription("web_chat.line", ({ data, server_info }) => console.log(data.text, server_info.pipe));
tabSignal.connect("cart", (items: string[]) => console.log(items.length));
tabSignal.disconnect(tabSignal.connect("mine", "cart", () => tabSignal.emitAll("cart", ["book"])));
// @ts-expect-error: there is no such transport
connect({ transports: ["pigeon"] });
