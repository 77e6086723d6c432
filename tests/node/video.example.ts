// Checked with tsc, not run: how calls are made, by promises and by the familiar names.
import { connect, cometApi, CometError } from "comet-client";
import { CometVideo, cometVideoApi, type Member, type Room } from "comet-client/video";

const video = new CometVideo(connect({ userId: 7, key: "key" }));
new CometVideo(cometApi).on("ring", (ring) => console.log(ring.callerId + 1));

function seat(room: Room, element: HTMLVideoElement): void {
  room.on("stream", ({ member, source }) => {
    if (source !== "microphone") room.show(element, member, source);
  });
  room.on("media", ({ member }: { member: Member }) => console.log(member.audio, member.talking));
  room.on("stats", ({ received }) => received.forEach(({ camera, route }) => console.log(camera?.frames ?? 0, route)));
  room.on("ended", ({ reason }) => console.log(reason.length));
  // @ts-expect-error: there is no such event
  room.on("begun", () => {});
}

export async function calls(element: HTMLVideoElement): Promise<void> {
  video.on("ring", async (ring) => seat(await ring.accept({ mode: "audio" }), element));
  try {
    const room = await video.call(9, { mode: "video", data: { subject: "lunch" }, video: { width: 640 }, relay: true });
    seat(room, element);
    await room.mute({ audio: true });
    await room.use({ camera: (await room.devices()).cameras[0]?.id });
    room.limit({ video: 500, audio: null });
    await room.data.send({ hello: "Ada" }, room.others[0].seat);
    await room.leave();
    // @ts-expect-error: there is no such mode
    await video.join("lobby", { mode: "smell" });
  } catch (error) {
    if (error instanceof CometError && error.kind === "camera_refused") await video.join("lobby", { mode: "listen" });
  }
}

cometVideoApi.start({
  onCall: ({ data }) => console.log(data.sys.caller_id, cometVideoApi.acceptCall({ type: "video", video_remote: "#other" })),
  onCallEnd: ({ status, fullTime }) => console.log(status, fullTime + 1),
});
