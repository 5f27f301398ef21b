// The page: buttons, files, the microphone, and the display of a word.

const byId = (id) => document.getElementById(id);
const settings = JSON.parse(byId("settings").textContent);
const figures = new Figures(settings);
const isStill = matchMedia("(prefers-reduced-motion: reduce)");

let heard = null; // spikes and probabilities of the last word, possibly not complete
let recording = null; // sound of the last word
let microphone = null; // {stream, context}
let sweep = null; // animation of a replay

function decodeBase64(id) {
  return Uint8Array.from(atob(byId(id).textContent.trim()), (letter) => letter.charCodeAt(0)).buffer;
}

function say(text, isFailure = false) {
  byId("status").textContent = text;
  byId("status").classList.toggle("failed", isFailure);
}

// == Messages from the worker ==

const worker = new Worker(URL.createObjectURL(new Blob([byId("worker").textContent], { type: "text/javascript" })));

const answers = {
  progress({ share }) {
    byId("progress").value = share;
  },

  ready() {
    byId("progress").hidden = true;
    byId("microphone").disabled = byId("open").disabled = false;
    document.body.dataset.state = "ready";
    say("Speak one of the words, or open or drop a sound file.");
  },

  level({ level }) {
    if (microphone) byId("level").value = 20 * Math.log10(Math.max(level, 1e-3));
  },

  begun() {
    stopSweep();
    say("Listening …");
  },

  nothing() {
    say("The sound was too short for a word. Speak one of the words.");
  },

  heard(message) {
    show(message);
    if (!message.isWhole) return;
    recording = message.recording;
    byId("replay").disabled = false;
    const { name, percent } = describe(heard);
    byId("announcement").textContent = `${name}, ${percent} %`;
    byId("history").prepend(Object.assign(document.createElement("li"), { textContent: `${name} ${percent} %` }));
    while (byId("history").children.length > 12) byId("history").lastChild.remove();
    document.body.dataset.words = Number(document.body.dataset.words ?? 0) + 1;
    say(microphone ? "Speak the next word." : "Speak one of the words, or open or drop a sound file.");
    if (!microphone) replay(false);
  },

  failed({ message }) {
    say(message, true);
    document.body.dataset.state = "failed";
  },
};

worker.onmessage = ({ data }) => answers[data.kind](data);
worker.onerror = (event) => say(`The page does not work in this browser: ${event.message}.`, true);

function start() {
  if (typeof WebAssembly === "undefined") {
    say("This browser does not support WebAssembly; open the page in a newer one.", true);
    return;
  }
  const modules = [decodeBase64("ear-module"), decodeBase64("network-module")];
  const seeds = new Uint32Array(decodeBase64("seeds"));
  worker.postMessage({ kind: "start", ear: modules[0], network: modules[1], seeds, settings }, modules);
}

// == A word ==

/** Choose up to four words to be drawn in colour: the answer, then those with the highest probabilities at any time. */
function chooseColoured(evidence) {
  const last = evidence.probabilities.at(-1) ?? [];
  const most = settings.classes.map((_, word) => Math.max(...evidence.probabilities.map((row) => row[word])));
  const word = last.indexOf(Math.max(...last));
  const order = [...settings.classes.keys()].sort((a, b) => most[b] - most[a]);
  return [word, ...order.filter((other) => other !== word)].slice(0, 4);
}

function describe({ evidence }) {
  const last = evidence.probabilities.at(-1), most = Math.max(...last);
  return { name: settings.classes[last.indexOf(most)], percent: Math.round(100 * most) };
}

function show({ input, hidden, evidence }) {
  const end = evidence.times.length > 1 ? evidence.times.at(-2) : evidence.times.at(-1);
  const last = input.times.length ? input.times[input.times.length - 1] : 0;
  heard = { input, hidden, evidence, end: Math.max(end, last), coloured: chooseColoured(evidence) };
  figures.draw(heard, Infinity);
  showWord(Infinity);
}

/** Show the probabilities at a time, ms. */
function showWord(until) {
  const at = Math.max(0, heard.evidence.times.findLastIndex((time) => time <= until));
  const shares = heard.evidence.probabilities[at];
  const order = [...settings.classes.keys()].sort((a, b) => shares[b] - shares[a]).slice(0, 5);
  const percent = (word) => `${Math.round(100 * shares[word])} %`;
  const word = byId("word");
  if (word.dataset.text !== `${order[0]} ${percent(order[0])}`) {
    word.dataset.text = `${order[0]} ${percent(order[0])}`;
    word.replaceChildren(settings.classes[order[0]], " ", make("span", "percent", percent(order[0])));
  }
  byId("likely").replaceChildren(
    ...order.map((index) => {
      const rank = heard.coloured.indexOf(index), fill = document.createElement("span");
      fill.style.width = `${100 * shares[index]}%`;
      fill.style.background = `var(--${rank < 0 ? "other" : `word-${rank}`})`;
      const bar = make("span", "bar");
      bar.append(fill);
      const row = document.createElement("li");
      row.append(make("span", "name", settings.classes[index]), bar, make("span", "share", percent(index)));
      return row;
    }),
  );
}

function make(tag, name, text = "") {
  return Object.assign(document.createElement(tag), { className: name, textContent: text });
}

// == Replay of the sound, with its spikes ==

function stopSweep() {
  if (!sweep) return;
  cancelAnimationFrame(sweep.frame);
  sweep.player?.pause();
  sweep = null;
}

function replay(withSound) {
  stopSweep();
  if (!heard) return;
  if (withSound && recording) playSound();
  if (isStill.matches) return;
  sweep = { ...sweep, started: performance.now() };
  const step = () => {
    const until = performance.now() - sweep.started, isOver = until > heard.end + 60;
    figures.draw(heard, isOver ? Infinity : until);
    showWord(isOver ? Infinity : until);
    if (isOver) sweep = null;
    else sweep.frame = requestAnimationFrame(step);
  };
  step();
}

/** Play the recording, as a WAV file, so that no audio context is needed. */
function playSound() {
  const bytes = new DataView(new ArrayBuffer(44 + 2 * recording.length)), rate = settings.ear.sample_rate;
  const write = (at, text) => [...text].forEach((letter, k) => bytes.setUint8(at + k, letter.charCodeAt(0)));
  write(0, "RIFF");
  bytes.setUint32(4, 36 + 2 * recording.length, true);
  write(8, "WAVEfmt ");
  [16, 0x10001, rate, 2 * rate, 0x100002].forEach((value, k) => bytes.setUint32(16 + 4 * k, value, true));
  write(36, "data");
  bytes.setUint32(40, 2 * recording.length, true);
  recording.forEach((x, k) => bytes.setInt16(44 + 2 * k, 32767 * Math.max(-1, Math.min(1, x)), true));
  const player = new Audio(URL.createObjectURL(new Blob([bytes.buffer], { type: "audio/wav" })));
  player.onended = () => URL.revokeObjectURL(player.src);
  player.play().catch(() => say("This browser cannot play the sound.", true));
  sweep = { player };
}

// == Files ==

async function openFile(file) {
  stopListening();
  stopSweep();
  say(`${file.name}: encoding …`);
  try {
    const content = await file.arrayBuffer();
    const { samples, rate } = readWav(content) ?? (await decodeSound(content));
    worker.postMessage({ kind: "recording", samples, rate });
  } catch {
    say(`${file.name}: this browser cannot read it as sound; choose WAV, FLAC, OGG or MP3.`, true);
  }
}

/** Decode sound by the browser, at the sampling rate of the inner ear. */
async function decodeSound(content) {
  const rate = settings.ear.sample_rate;
  const sound = await new OfflineAudioContext(1, 1, rate).decodeAudioData(content);
  const samples = new Float64Array(sound.length);
  for (let c = 0; c < sound.numberOfChannels; c++)
    sound.getChannelData(c).forEach((x, k) => (samples[k] += x / sound.numberOfChannels));
  return { samples, rate };
}

// == The microphone ==

async function listen() {
  if (!navigator.mediaDevices?.getUserMedia || typeof AudioWorkletNode === "undefined") {
    say("The microphone needs a page from this device or over https; record a sound file and open it instead.", true);
    return;
  }
  try {
    const plain = { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    microphone = { stream: await navigator.mediaDevices.getUserMedia({ audio: plain }) };
    const [context, source] = connect(microphone.stream);
    microphone.context = context;
    // A page from disk has no origin, so the worklet must be loaded from a data URL.
    await context.audioWorklet.addModule(`data:text/javascript,${encodeURIComponent(byId("recorder").textContent)}`);
    const recorder = new AudioWorkletNode(context, "recorder", { numberOfOutputs: 0 });
    recorder.port.onmessage = ({ data }) => microphone && worker.postMessage({ kind: "sound", samples: data, time: Date.now() });
    worker.postMessage({ kind: "listen", rate: context.sampleRate });
    source.connect(recorder);
    await context.resume();
  } catch (error) {
    stopListening();
    say(`The microphone cannot be used (${error.message}); open a sound file instead.`, true);
    return;
  }
  stopSweep();
  byId("microphone").setAttribute("aria-pressed", "true");
  byId("microphone-text").textContent = "Stop";
  say("Speak one of the words.");
}

/** A context at the ear's rate, or at the microphone's own where a browser joins no two rates. */
function connect(stream) {
  for (const options of [{ sampleRate: settings.ear.sample_rate }, {}]) {
    const context = new AudioContext(options);
    try {
      return [context, context.createMediaStreamSource(stream)];
    } catch (error) {
      context.close();
      if (!("sampleRate" in options)) throw error;
    }
  }
  return [];
}

function stopListening() {
  if (!microphone) return;
  microphone.stream.getTracks().forEach((track) => track.stop());
  microphone.context?.close();
  microphone = null;
  worker.postMessage({ kind: "stop" });
  byId("microphone").setAttribute("aria-pressed", "false");
  byId("microphone-text").textContent = "Microphone";
  byId("level").value = -60;
  say("Speak one of the words, or open or drop a sound file.");
}

// == Buttons, keys, dropped files ==

byId("microphone").onclick = () => (microphone ? stopListening() : listen());
byId("open").onclick = () => byId("file").click();
byId("replay").onclick = () => replay(true);
byId("file").onchange = ({ target }) => {
  if (target.files.length) openFile(target.files[0]);
  target.value = "";
};

const keys = { m: "microphone", o: "open", r: "replay" };
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") stopListening(), stopSweep();
  const button = keys[event.key.toLowerCase()] && byId(keys[event.key.toLowerCase()]);
  if (button && !button.disabled) button.click();
});

addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("dropping");
});
addEventListener("dragleave", () => document.body.classList.remove("dropping"));
addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dropping");
  if (event.dataTransfer.files.length && !byId("open").disabled) openFile(event.dataTransfer.files[0]);
});
addEventListener("resize", () => sweep || figures.draw(heard, Infinity));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => figures.draw(heard, Infinity));

figures.draw(null, 0);
start();
