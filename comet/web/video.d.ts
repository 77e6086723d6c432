/** The types of video.js: calls and rooms, as promises and by the names that pages made for CppComet know. */

import type { Client, CometApi, CometError, Off } from "./comet.js";

/** What one sends: camera and microphone, microphone, screen and microphone, or nothing. */
export type Mode = "video" | "audio" | "screen" | "listen";
export type Source = "microphone" | "camera" | "screen";
/** Whether media flows from and to somebody. */
export type LinkState = "new" | "connecting" | "connected" | "disconnected" | "failed" | "closed";

/** What `kind` of a CometError may be, besides the errors of the server. */
export type VideoErrorKind =
  | "camera_refused"
  | "microphone_refused"
  | "screen_refused"
  | "no_camera"
  | "no_microphone"
  | "no_screen"
  | "camera_busy"
  | "microphone_busy"
  | "screen_busy"
  | "insecure"
  | "no_webrtc"
  | "no_server"
  | "too_long"
  | "away"
  | "closed";

export interface SitOptions {
  /** "video" by default; of a ring, what it offers. */
  mode?: Mode;
  /** A stream of the page's own in place of camera and microphone; its tracks are not stopped at the end. */
  stream?: MediaStream;
  /** What to ask the browser for, besides what is usual. */
  audio?: MediaTrackConstraints;
  video?: MediaTrackConstraints;
  /** Send over TURN servers only, so that the others do not learn this address. */
  relay?: boolean;
}

export interface CallOptions extends SitOptions {
  /** Shown to who is rung: a text, or any value that has a JSON form; up to 4,096 bytes. */
  data?: unknown;
}

export interface Member {
  readonly seat: number;
  readonly connection: number;
  /** 0 for visitors. */
  readonly userId: number;
  readonly isSelf: boolean;
  readonly audio: boolean;
  readonly video: boolean;
  readonly screen: boolean;
  readonly hold: boolean;
  readonly talking: boolean;
  /** The connection of that page to the server is gone, and may come back. */
  readonly lost: boolean;
  /** Seconds since 1970. */
  readonly since: number;
  readonly link: LinkState;
  /** Camera and microphone: the same object for as long as they are here. */
  readonly stream: MediaStream;
  readonly screenStream: MediaStream;
}

export interface Devices {
  cameras: { id: string; label: string }[];
  microphones: { id: string; label: string }[];
  speakers: { id: string; label: string }[];
}

/** What has gone over one line since the beginning; kbit/s since it was asked before. */
export interface AudioFigures {
  bytes: number;
  kbit: number;
  packets: number;
  lost: number;
  energy: number;
}

export interface VideoFigures {
  bytes: number;
  kbit: number;
  packets: number;
  lost: number;
  /** Decoded, or encoded where it is sent. */
  frames: number;
  framesPerSecond: number;
  width: number;
  height: number;
}

export interface Received {
  member: Member;
  seat: number;
  route: "direct" | "relay" | null;
  /** Seconds. */
  rtt: number | null;
  microphone: AudioFigures | null;
  camera: VideoFigures | null;
  screen: VideoFigures | null;
}

export interface Stats {
  received: Received[];
  sent: ({ source: Source; route: "direct" | "relay" | null } & (AudioFigures | VideoFigures))[];
}

export interface RoomEvents {
  entered: { member: Member };
  gone: { member: Member; reason: string };
  lost: { member: Member; until: number };
  back: { member: Member };
  media: { member: Member };
  stream: { member: Member; stream: MediaStream; source: Source };
  link: { member: Member; state: LinkState };
  data: { member: Member; data: any };
  topology: { topology: "mesh" | "sfu" };
  ringing: { userId: number; devices: number };
  answered: { userId: number; seat: number };
  unanswered: { userId: number; reason: string };
  away: { reason?: string };
  returned: { seat: number };
  stats: Stats;
  error: CometError | Error;
  ended: { reason: string };
}

export class Room {
  readonly name: string;
  readonly kind: "call" | "room";
  readonly seat: number;
  readonly topology: "mesh" | "sfu";
  /** How many may be here. */
  readonly capacity: number;
  /** By seat, in the order in which they came. */
  readonly members: Map<number, Member>;
  readonly self: Member;
  readonly others: Member[];
  readonly talking: Member[];
  readonly isOver: boolean;
  readonly data: { send(value: unknown, seat?: number): Promise<void> };
  on<Name extends keyof RoomEvents>(name: Name, callback: (detail: RoomEvents[Name]) => void): Off;
  leave(): Promise<void>;
  mute(what: { audio?: boolean; video?: boolean }): Promise<void>;
  hold(held?: boolean): void;
  shareScreen(): Promise<void>;
  stopSharing(): void;
  devices(): Promise<Devices>;
  use(what: { camera?: string; microphone?: string; speaker?: string }): Promise<void>;
  limit(kbit: { audio?: number | null; video?: number | null }): { audio?: number; video?: number };
  show(element: HTMLMediaElement, member?: Member, source?: "camera" | "screen"): Promise<void> | undefined;
  invite(userId: number, options?: { mode?: Mode; data?: unknown }): Promise<void>;
  cancel(userId: number): Promise<void>;
  stats(): Promise<Stats>;
}

export class Ring {
  readonly room: string;
  readonly kind: "call" | "room";
  /** 0: nobody known, or the site. */
  readonly callerId: number;
  readonly connection: number;
  readonly mode: "video" | "audio" | "screen";
  /** The JSON value that came with it, or the text if it is none. */
  readonly data: any;
  readonly text: string;
  /** Seconds since 1970, by the server's clock. */
  readonly until: number;
  readonly isOver: boolean;
  on(name: "silent", callback: (detail: { reason: string }) => void): Off;
  on(name: "again", callback: () => void): Off;
  accept(options?: SitOptions): Promise<Room>;
  decline(): Promise<void>;
  busy(): Promise<void>;
}

export class CometVideo {
  /** @param client What it rings and is rung over; `cometApi` by default. */
  constructor(client?: Client | CometApi);
  readonly client: Client;
  readonly rooms: Map<string, Room>;
  readonly rings: Map<string, Ring>;
  on(name: "ring", callback: (ring: Ring) => void): Off;
  call(whom: number | { connection: number }, options?: CallOptions): Promise<Room>;
  join(room: string, options?: SitOptions): Promise<Room>;
  look(room: string): Promise<{ topology: "mesh" | "sfu"; capacity: number; members: object[]; rings: object[] }>;
  ice(): Promise<RTCIceServer[]>;
  devices(): Promise<Devices>;
  close(): Promise<void>;
}

/** What callbacks of the familiar functions are told of a call. */
export interface CallInfo {
  callKey?: string;
  callPipe?: string;
  caller_id?: number;
  conference?: "true";
  conference_name?: string;
  mode?: string;
  message?: any;
}

type ElementName = string | HTMLMediaElement | ArrayLike<HTMLMediaElement>;

export interface FamiliarCallOptions {
  type?: "audio" | "video" | "none";
  video_remote?: ElementName;
  audio_remote?: ElementName;
  video_local?: ElementName;
  custom_stream?: MediaStream;
}

interface About {
  user_id: number;
  uuid: string;
  callInfo: CallInfo;
  type: string;
}

export interface FamiliarVideoOptions {
  /** What to ring over, if it is not `cometApi`. */
  client?: Client | CometApi;
  /** Milliseconds until a call ends in which nobody else is any more; or has come. */
  alone_time?: number;
  lonelinessTimeout?: number;
  bandwidth_video?: number;
  bandwidth_audio?: number;
  onCall?: (detail: { data: CallInfo & { sys: CallInfo }; callInfo: CallInfo }) => void;
  onCallAccept?: (detail: { action: "accept"; callInfo: CallInfo; accept_type: string; user_id: number }) => void;
  onCallStart?: (detail: { action: "start"; status: "start"; callInfo: CallInfo; type: string }) => void;
  onCallEnd?: (detail: { action: "out"; callInfo: CallInfo; time: number; fullTime: number; status: string; type: string }) => void;
  onIn?: (detail: { action: "in" } & About) => void;
  onOut?: (detail: { action: "out"; status: string } & About) => void;
  onToggleMute?: (detail: { action: "toggleMute"; isMute: boolean } & About) => void;
  toggleMute?: (detail: { action: "toggleMute"; isMute: boolean } & About) => void;
  onToggleHold?: (detail: { action: "toggleHold"; isHold: boolean } & About) => void;
  toggleHold?: (detail: { action: "toggleHold"; isHold: boolean } & About) => void;
  language?: string;
}

export class CometVideoApi {
  readonly video: CometVideo | null;
  readonly room: Room | null;
  readonly error: Error | null;
  readonly reason: string | null;
  start(options?: FamiliarVideoOptions): true;
  call(userId: number, options?: FamiliarCallOptions & { message?: unknown }): boolean;
  acceptCall(options?: FamiliarCallOptions): boolean;
  busy(): boolean;
  hangup(call?: unknown, silent?: boolean): boolean;
  isInCall(): boolean;
  isCallStart(pipe?: string): boolean;
  isMute(): boolean;
  toggleMute(): Promise<boolean>;
  muteAudio(muted?: boolean): Promise<boolean>;
  muteVideo(muted?: boolean): Promise<boolean>;
  toggleHold(): boolean;
  setBandwidth(kbit?: { video?: number; audio?: number }): { video: number; audio: number };
  fullScreen(element?: ElementName): boolean;
  isFullScreenSupport(): boolean;
}

export const cometVideoApi: CometVideoApi;
