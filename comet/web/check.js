/**
 * The test of the network: what a call needs, tried one after the other, and in words what is wrong.
 *
 * Two connections of this page call each other: directly, and over each relay that the server names.
 */
(() => {
  "use strict";

  // Milliseconds: for a step, and for the answer of the server.
  const STEP_TIME = 8_000;

  const part = (id) => document.getElementById(id);
  const SIGNS = { running: "…", good: "✓", warn: "!", bad: "✗" };
  const client = Comet.connect({ shareTabs: false, transports: ["websocket"] });

  const good = (words) => ({ result: "good", words });
  const warn = (words) => ({ result: "warn", words });
  const bad = (words) => ({ result: "bad", words });

  function inTime(promise, time = STEP_TIME) {
    let timer;
    const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error("no answer in time")), time)));
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
  }

  // The ways of media -----------------------------------------------------------------------------------------

  /**
   * Let two connections of this page find each other, and a message go there and back.
   *
   * @returns {Promise<{opened: boolean, errors: object[], trip: number}>}
   */
  async function call(configuration) {
    const ends = [new RTCPeerConnection(configuration), new RTCPeerConnection(configuration)];
    const [one, other] = ends;
    const errors = [];
    try {
      for (const [from, to] of [[one, other], [other, one]]) {
        const early = [];
        from.onicecandidate = ({ candidate }) => {
          if (!candidate) return;
          if (to.remoteDescription) to.addIceCandidate(candidate).catch(() => {});
          else early.push(candidate);
        };
        to.take = async (description) => {
          await to.setRemoteDescription(description);
          for (const candidate of early) await to.addIceCandidate(candidate).catch(() => {});
        };
        from.onicecandidateerror = ({ errorCode, errorText, url }) => errors.push({ errorCode, errorText, url });
      }
      const channel = one.createDataChannel("test");
      other.ondatachannel = ({ channel: echo }) => (echo.onmessage = ({ data }) => echo.send(data));
      const opened = new Promise((resolve) => (channel.onopen = resolve));
      await one.setLocalDescription();
      await other.take(one.localDescription);
      await other.setLocalDescription();
      await one.take(other.localDescription);
      await inTime(opened);
      const sentAt = performance.now();
      const answered = new Promise((resolve) => (channel.onmessage = resolve));
      channel.send("there and back");
      await inTime(answered);
      return { opened: true, errors, trip: performance.now() - sentAt };
    } catch {
      return { opened: false, errors, trip: 0 };
    } finally {
      for (const end of ends) end.close();
    }
  }

  /** @returns {Promise<{candidate: object|null, errors: object[]}>} The address by which a STUN server sees this page. */
  async function outside(urls) {
    const end = new RTCPeerConnection({ iceServers: [{ urls }] });
    const errors = [];
    try {
      end.createDataChannel("test");
      end.onicecandidateerror = ({ errorCode, errorText, url }) => errors.push({ errorCode, errorText, url });
      const found = new Promise((resolve) => {
        end.onicecandidate = ({ candidate }) => {
          if (!candidate) resolve(null);
          else if (candidate.type === "srflx") resolve(candidate);
        };
      });
      await end.setLocalDescription();
      return { candidate: await inTime(found).catch(() => null), errors };
    } finally {
      end.close();
    }
  }

  /** How a TURN address is reached. */
  function transport(url) {
    if (url.startsWith("turns:")) return "TLS";
    return /transport=tcp/.test(url) ? "TCP" : "UDP";
  }

  // The steps -------------------------------------------------------------------------------------------------

  async function server() {
    try {
      await inTime(client.ready);
      return good("The page has a WebSocket to the server.");
    } catch {
      return bad(
        "No WebSocket to the server: it is not running, or a proxy on the way keeps it from upgrading connections. "
          + "Behind nginx, pass the headers Upgrade and Connection on.",
      );
    }
  }

  async function device(kind, what) {
    if (!isSecureContext) return bad("Browsers give it only to pages that come over https, or from this machine. Open this page by https.");
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ [kind]: true });
      const [track] = stream.getTracks();
      const { label } = track;
      track.stop();
      return good(label ? `It works: ${label}.` : "It works.");
    } catch ({ name }) {
      if (name === "NotAllowedError") return bad(`This page may not use it. Allow the ${what} in the address bar, and in the settings of the system.`);
      if (name === "NotFoundError") return warn(`There is none on this device. You can still join, and see and hear the others.`);
      return bad(`It is there, but cannot be used (${name}). Another program may have it: close that.`);
    }
  }

  async function direct() {
    const { opened, trip } = await call({});
    if (opened) return good(`Two ends on this machine found each other; there and back in ${trip.toFixed(1)} ms.`);
    return bad("Not even two ends on this machine find each other. WebRTC is switched off: look at the browser's settings, its extensions, and a VPN or firewall on this machine.");
  }

  async function stun(urls) {
    if (!urls.length) return warn("The server names none ([video] stun). Calls within one network work without.");
    const { candidate, errors } = await outside(urls);
    if (candidate) return good(`From outside this page is seen as ${candidate.address ?? "an address of its own"}.`);
    if (errors.some(({ errorCode }) => errorCode === 701)) {
      return bad(`No answer from ${urls.join(", ")}: the server is down, its name is wrong, or this network lets no UDP out. Calls then need a relay by TCP or TLS.`);
    }
    return warn("It gave no other address than those this machine has: there is no NAT on the way, or no answer came.");
  }

  async function relay(name, servers) {
    const how = name === "TLS" ? "[video] turn = turns:HOST:5349" : `[video] turn = turn:HOST:3478?transport=${name.toLowerCase()}`;
    if (!servers.length) return warn(`The server names no relay by ${name} (${how}).`);
    const { opened, errors, trip } = await call({ iceServers: servers, iceTransportPolicy: "relay" });
    if (opened) return good(`It relays; there and back in ${trip.toFixed(1)} ms.`);
    const urls = servers.flatMap((each) => each.urls).join(", ");
    const codes = errors.map(({ errorCode }) => errorCode);
    if (codes.some((code) => code === 401 || code === 403 || code === 431 || code === 438)) {
      return bad(`${urls} does not take the credentials: [video] turn_secret must be static-auth-secret of coturn, with use-auth-secret, and both clocks right.`);
    }
    if (codes.some((code) => code === 486 || code === 508)) return bad(`${urls} is full: raise user-quota or total-quota of coturn, or its range of ports.`);
    const reason = {
      UDP: "nothing listens there, or this network lets no UDP out",
      TCP: "nothing listens there, or a firewall is between",
      TLS: "nothing listens there, a firewall is between, or the browser does not trust its certificate",
    }[name];
    return bad(`No relay over ${urls}: ${reason}. If the relay answers but media does not pass, look at its range of ports and at denied-peer-ip.`);
  }

  /** Credentials for relays are for who sits in a room: so sit down in one, for a moment. */
  async function helpers() {
    const room = `demo-check-${Math.random().toString(36).slice(2)}`;
    try {
      const { ice } = await inTime(client.ask({ cmd: "join", room, mode: "audio" }));
      client.ask({ cmd: "leave", room }).catch(() => {});
      return ice;
    } catch {
      return null;
    }
  }

  // One after the other ---------------------------------------------------------------------------------------

  function show(what) {
    const item = document.createElement("li");
    for (const name of ["sign", "what", "time", "words"]) {
      const made = document.createElement("span");
      made.className = name;
      item.append(made);
    }
    item.querySelector(".what").textContent = what;
    part("steps").append(item);
    const set = (result, words, time) => {
      item.dataset.result = result;
      item.querySelector(".sign").textContent = SIGNS[result];
      item.querySelector(".sign").setAttribute("aria-label", result);
      item.querySelector(".words").textContent = words;
      item.querySelector(".time").textContent = time >= 1 ? `${Math.round(time)} ms` : "";
    };
    set("running", "");
    return set;
  }

  async function step(results, id, what, run) {
    const set = show(what);
    const beganAt = performance.now();
    let found;
    try {
      found = await run();
    } catch (error) {
      found = bad(`It could not be tried: ${error.message}.`);
    }
    const time = performance.now() - beganAt;
    set(found.result, found.words, time);
    results[id] = { ...found, time };
    return found.result === "good";
  }

  function verdict({ server: connection, direct: own, stun: mirror, udp, tcp, tls, camera, microphone }) {
    const relays = [udp, tcp, tls];
    const works = relays.filter(({ result }) => result === "good").length;
    if (connection.result === "bad") return bad("There is no connection to the server, so no call can begin.");
    if (own.result === "bad") return bad("WebRTC does not work in this browser, so there are no calls.");
    if (works && udp.result === "bad") return warn("Calls work, but only by TCP here: this network lets no UDP out, so expect more delay.");
    if (works && relays.some(({ result }) => result === "bad")) return warn("Calls work from here. Not every relay does: see below.");
    if (relays.some(({ result }) => result === "bad")) return bad("Calls work where there is a direct way only: no relay can be used.");
    if ([camera, microphone].some(({ result }) => result === "bad")) return warn("The network is fine; camera or microphone are not: see below.");
    if (works) return good("Calls work from here.");
    return warn(
      mirror.result === "good"
        ? "Calls work from most networks. Where there is no direct way they need a relay, and the server names none."
        : "Calls work within one network. For calls between networks the server needs STUN and TURN: [video] stun, turn and turn_secret.",
    );
  }

  async function test() {
    part("again").disabled = true;
    part("steps").replaceChildren();
    part("verdict").dataset.result = "running";
    part("verdict").textContent = "Testing; this takes a few seconds.";
    const results = {};
    const online = await step(results, "server", "Connection to the server", server);
    await step(results, "camera", "Camera", () => device("video", "camera"));
    await step(results, "microphone", "Microphone", () => device("audio", "microphone"));
    await step(results, "direct", "Direct way", direct);
    const ice = online ? await helpers() : [];
    const addresses = (ice ?? []).flatMap((each) => [each.urls].flat().map((url) => ({ ...each, urls: [url] })));
    const mirrors = addresses.filter(({ urls: [url] }) => /^stuns?:/.test(url)).flatMap(({ urls }) => urls);
    await step(results, "stun", "STUN: the address outside", () => stun(mirrors));
    for (const name of ["UDP", "TCP", "TLS"]) {
      const servers = addresses.filter(({ urls: [url] }) => /^turns?:/.test(url) && transport(url) === name);
      await step(results, name.toLowerCase(), `Relay by ${name}`, () => relay(name, servers));
    }
    const isClosed = warn(
      "This page may not enter rooms here, so the server does not tell it of STUN and TURN: "
        + "try `comet demo`, or give visitors the right `call_room_demo`.",
    );
    const { result, words } = ice === null ? isClosed : verdict(results);
    part("verdict").dataset.result = result;
    part("verdict").textContent = words;
    part("again").disabled = false;
    // For tests, and for who looks with the browser's tools.
    window.results = results;
  }

  part("again").addEventListener("click", test);
  test();
})();
