/** The types of comet.js: of the module, of the script's globals, and of both faces, the modern and the familiar one. */

export type State = "connecting" | "online" | "offline";
export type TransportName = "websocket" | "sse" | "poll";

export interface ConnectOptions {
  /** `host[:port]` of the server, or its `https://` address; the page's own by default. */
  node?: string | string[];
  /** Several servers. Visitors begin with the first, users with the one of the number `userId % n`. */
  nodes?: string[];
  /** Visitors begin with any of the servers, so that they spread over them. */
  roundrobin?: boolean;
  /** The tenant, 0 by default. */
  devId?: number;
  /** Who this is; leave it out for an anonymous visitor. */
  userId?: number;
  /** What proves it: the hash from `users_auth`, or a JWT. */
  key?: string;
  /** Another name of `key`. */
  token?: string;
  /** Gets a token: for the first connection if there is none yet, and before the last one runs out. */
  getToken?: () => string | Promise<string>;
  /** What to try, in this order. All three by default. */
  transports?: TransportName[];
  /** One connection for all tabs of the browser that are signed in alike; true by default. */
  shareTabs?: boolean;
  /** What names this browser to others: up to 64 characters `A-Za-z0-9_-`; kept in localStorage by default. */
  uuid?: string;
  /** Whether to use TLS; by default, whether the page does. */
  tls?: boolean;
  /** Where the server answers, `/comet/` by default. */
  path?: string;
  /** The class to connect with, where there is none. */
  WebSocket?: unknown;
}

export interface StateDetail {
  state: State;
  /** Why the connection is lost. */
  reason?: string;
  /** The number of the goodbye, if the server said one. */
  code?: number;
  /** After how many milliseconds the next attempt is made. */
  retryIn?: number;
  /** The server said not to come back. */
  final?: boolean;
}

export interface Message<Data = unknown> {
  channel: string;
  event: string;
  /** The JSON value that was sent; the text, if it is no JSON or a whole number that JavaScript cannot hold. */
  data: Data;
  /** The text as it was sent. */
  text: string;
  /** Its place in the history of the channel; null if that has none. */
  cursor: string | null;
  /** Who sent it; 0 for the anonymous and for those who hide; undefined if no client sent it. */
  userId: number | undefined;
  /** Seconds since 1970. */
  time: number;
  /** Of a private message that waited for an acknowledgement. */
  number: number | undefined;
}

export interface Member {
  connection: number;
  userId: number;
  uuid: string;
}

export interface Gap {
  channel: string;
  /** What was read before. */
  since: string | null;
  /** How far the channel has counted. */
  cursor: string | null;
  /** How many of the missed messages come nevertheless. */
  missed: number;
  /** How many were thrown away here because nobody read them. */
  dropped: number;
  error?: Error;
}

export interface History<Data = unknown> {
  messages: Message<Data>[];
  cursor: string | null;
  /** What came after `since` is not all there any more. */
  gap: boolean;
}

export interface HistoryOptions {
  limit?: number;
  since?: string;
}

export interface PublishOptions {
  event?: string;
  /** Keep from the receivers who sent it. */
  hide?: boolean;
}

export interface Published {
  receivers: number;
  cursor: string | null;
}

export interface SubscribeOptions {
  /** The cursor from which on to get what was missed. */
  since?: string | null;
  /** Only messages of this event. */
  event?: string;
  /** Ends the subscription. */
  signal?: AbortSignal;
  /** How many messages wait for a reader, 1000 by default. */
  buffer?: number;
}

export type Off = () => void;

export class CometError extends Error {
  readonly code: number;
  /** The name of the error in the documents, such as `not_allowed`. */
  readonly kind: string;
  readonly reason: string;
}

export interface Flow<Data = unknown> extends AsyncIterable<Message<Data>> {
  on(callback: (message: Message<Data>) => void): Off;
}

export interface Subscription<Data = unknown> extends Flow<Data> {
  readonly channel: string;
  readonly ready: Promise<this>;
  readonly cursor: string | null;
  onGap(callback: (gap: Gap) => void): Off;
  onJoin(callback: (member: Member) => void): Off;
  onLeave(callback: (member: Member) => void): Off;
  onStatus(callback: (status: { online: boolean; userId: number }) => void): Off;
  members(): Promise<Member[]>;
  history(options?: HistoryOptions): Promise<History<Data>>;
  count(): Promise<number>;
  publish(value: Data, options?: PublishOptions): Promise<Published>;
  unsubscribe(): void;
}

export class Client {
  readonly state: State;
  readonly authorized: boolean | undefined;
  readonly ready: Promise<Client>;
  readonly uuid: string;
  readonly connection: { node: string; transport: TransportName } | null;
  /** What it was opened with, for another one like it; null while it is closed. */
  readonly options: ConnectOptions | null;
  open(options?: ConnectOptions): this;
  close(): void;
  isMaster(): boolean;
  subscribe<Data = unknown>(channel: string, callback: (message: Message<Data>) => void): Subscription<Data>;
  subscribe<Data = unknown>(channel: string, options?: SubscribeOptions, callback?: (message: Message<Data>) => void): Subscription<Data>;
  messages<Data = unknown>(callback?: (message: Message<Data>) => void): Flow<Data>;
  publish(channel: string, value: unknown, options?: PublishOptions): Promise<Published>;
  history<Data = unknown>(channel: string, options?: HistoryOptions): Promise<History<Data>>;
  count(channel: string): Promise<number>;
  members(channel: string): Promise<Member[]>;
  status(userId: number): Promise<{ online: boolean; seen: number }>;
  data<Data = unknown>(userId: number): Promise<Data>;
  onState(callback: (detail: StateDetail) => void): Off;
  onAuthorized(callback: (authorized: boolean) => void): Off;
  onError(callback: (error: CometError & { channel?: string }) => void): Off;
  /** Frames that this client has no method for, such as those of calls. */
  on(name: "frame", callback: (frame: { type: string; [name: string]: unknown }) => void): Off;
  /** Say any command of the JSON protocol, now or once there is a connection; gives the frame that answers it. */
  ask(command: { cmd: string; [name: string]: unknown }): Promise<{ [name: string]: any }>;
}

export function connect(options?: ConnectOptions): Client;

/** What the callbacks of the familiar methods get. */
export interface FamiliarMessage<Data = any> {
  data: Data;
  server_info: {
    user_id: number;
    pipe: string;
    event: string;
    history: boolean;
    marker: string | undefined;
    uuid: string | undefined;
    from_server: boolean;
  };
}

export interface FamiliarOptions {
  node?: string | string[];
  nodes?: string[];
  dev_id?: number;
  user_id?: number;
  user_key?: string;
  getToken?: () => string | Promise<string>;
  transports?: TransportName[];
  shareTabs?: boolean;
  wss?: boolean;
  uuid?: string;
  path?: string;
  WebSocket?: unknown;
  roundrobin?: boolean;
  /** Taken without effect: there are no statistics to leave out. */
  nostat?: boolean;
}

type Callback = (message: FamiliarMessage) => void;

export class CometApi {
  readonly client: Client;
  readonly Base64: { encode(text: string): string; decode(text: string): string };
  start(options?: FamiliarOptions, callback?: () => void): true;
  restart(options?: FamiliarOptions): void;
  stop(): void;
  subscription(name: string, callback: Callback): string | false | undefined;
  subscription(callback: Callback): string;
  unsubscription(id: string): boolean;
  unsubscriptionAll(): void;
  onAuthSuccess(callback: () => void): string;
  onAuthFail(callback: () => void): string;
  onAuthFalill(callback: () => void): string;
  onStatus(
    callback: (status: State, detail: { reason?: string; retry_in?: number; fatal?: boolean; code?: number }) => void,
  ): string;
  web_pipe_send(pipe: string, event: string, value: unknown): boolean | undefined;
  web_pipe_send(pipe: string, value: unknown): boolean | undefined;
  multi_web_pipe_send(pipe: string, event: string, value: object, count?: number, interval?: number): boolean | undefined;
  get_pipe_log(pipe: string, callback?: Callback): boolean;
  count_users_in_pipe(pipe: string, callback: Callback): boolean;
  getTrackPipeUsers(pipe: string, callback: Callback): boolean;
  getUserData(id: number | string, callback: Callback): boolean;
  send_msg(text: string): boolean;
  sendStatistics(name?: string, version?: string, data?: unknown): true;
  isAuthorized(): boolean | undefined;
  isConnected(): boolean;
  isMaster(): boolean;
  getUserId(): number | undefined;
  getUserKey(): string | undefined;
  getDevId(): number | undefined;
  getUUID(): string;
  getTabUUID(): string;
  getUrl(node?: string): string;
  getRealUserKey(): string | undefined;
  setRealUserKey(key: string): true;
  UseWss(use?: boolean): boolean;
  isUseWss(): boolean;
  UseWebSocket(use?: boolean): boolean;
  getLogLevel(): number;
  setLogLevel(level: number): void;
  stripslashes(text: string): string;
}

/** Signals with a name, for this page or for all tabs of the browser, and values that these tabs share. */
export class TabSignal {
  connect<Param = any>(signal: string, callback: (param: Param) => void): string;
  connect<Param = any>(slot: string | number, signal: string, callback: (param: Param) => void): string;
  disconnect(slot: string | number, signal: string): boolean;
  /** By what `connect` gave. */
  disconnect(id: string): boolean;
  /** To this page. */
  emit(signal: string, param?: unknown): void;
  /** To all tabs. */
  emitAll(signal: string, param?: unknown): void;
  send_emit(signal: string, param?: unknown): void;
  getState<Value = any>(name: string): Value | undefined;
  setState(name: string, value: unknown): void;
  intervalUpdateState(name: string, value: unknown, time?: number): void;
  getTabUUID(): string;
  getEventKey(): string;
  setEventKey(key: string): void;
}

export { CometApi as cometServerApi };
export const cometApi: CometApi;
export const tabSignal: TabSignal;
export function CometServer(): CometApi;
export function comet_server_signal(): TabSignal;

export as namespace Comet;
