// The worker thread: receives sound, and sends spikes and probabilities.

let ear = null, network = null, settings = null, live = null;

const answers = {
  start(message) {
    settings = message.settings;
    network = new Network(message.network, settings);
    ear = new Ear(message.ear, message.seeds, settings.ear);
    ear.makeTables((share) => postMessage({ kind: "progress", share }));
    postMessage({ kind: "ready" });
  },

  /** Recognise a whole recording of any sampling rate. */
  recording({ samples, rate }) {
    const seconds = samples.length / rate;
    if (seconds > settings.longest / 1000)
      throw new Error(`The sound is ${seconds.toFixed(1)} s long; the limit is ${settings.longest / 1000} s.`);
    const resampler = new Resampler(rate, settings.ear.sample_rate);
    answerWord(concatenate(resampler.push(samples), resampler.finish()));
  },

  listen({ rate }) {
    live = new Listening(rate);
  },

  sound({ samples, time }) {
    live?.push(Float64Array.from(samples), Date.now() - time);
  },

  stop() {
    live?.finish();
    live = null;
  },
};

/** Recognise a recording at the sampling rate of the inner ear. */
function answerWord(recording) {
  const spikes = ear.encode(recording);
  network.hearWord(spikes);
  answer(spikes, true, Float32Array.from(recording));
}

/** Send spikes and probabilities so far. */
function answer({ times, units }, isWhole, recording = null) {
  postMessage({
    kind: "heard",
    isWhole,
    input: { times, units },
    hidden: network.getSpikes(),
    evidence: network.evidence,
    recording,
  });
}

/**
 * Splits the sound of the microphone into words. A word begins when the sound exceeds a threshold, and ends with a pause.
 * During the word, sound is encoded in pieces; at its end, the whole word is encoded again.
 */
class Listening {
  constructor(rate) {
    this.resampler = new Resampler(rate, settings.ear.sample_rate);
    this.perMs = settings.ear.sample_rate / 1000;
    this.frame = 20 * this.perMs;
    this.waiting = new Float64Array(0);
    this.before = new Float64Array(0); // the last 100 ms before a word
    this.noise = 0;
    this.word = null;
  }

  /** Add samples that were recorded `late` ms ago. */
  push(samples, late) {
    if (late > settings.late) this.word?.stopStream();
    this.waiting = concatenate(this.waiting, this.resampler.push(samples));
    while (this.waiting.length >= this.frame) {
      const frame = this.waiting.slice(0, this.frame);
      this.waiting = this.waiting.slice(this.frame);
      this.take(frame);
    }
  }

  take(frame) {
    const level = Math.sqrt(frame.reduce((sum, x) => sum + x * x, 0) / frame.length);
    const peak = frame.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    postMessage({ kind: "level", level });
    if (this.word) this.word.push(frame, level);
    else if (peak > settings.ear.floor && level > 3 * this.noise) {
      this.word = new Word(this.before, frame, level);
      postMessage({ kind: "begun" });
    } else {
      this.noise = Math.min(level, 0.95 * this.noise + 0.05 * level || level);
      this.before = concatenate(this.before, frame).slice(-100 * this.perMs);
    }
    if (this.word?.isOver()) this.finish();
  }

  finish() {
    const word = this.word;
    this.word = null;
    this.before = new Float64Array(0);
    if (word && word.longest > settings.least_word) answerWord(word.recording);
    else if (word) postMessage({ kind: "nothing" });
  }
}

/** A word during its recording. */
class Word {
  constructor(before, frame, level) {
    this.recording = before;
    this.loudness = new Loudness(settings.ear);
    this.stream = new EarStream(ear);
    this.spikes = { times: new Float32Array(0), units: new Uint16Array(0) };
    this.next = 0;
    this.loudest = 0;
    this.longest = 0; // ms of sound
    this.quiet = 0; // ms since the last loud frame
    network.begin();
    this.feed(new Float64Array((settings.ear.silence * settings.ear.sample_rate) / 1000));
    this.push(frame, level);
  }

  push(frame, level) {
    const ms = (1000 * frame.length) / settings.ear.sample_rate;
    this.recording = concatenate(this.recording, frame);
    this.longest += ms;
    this.loudest = Math.max(this.loudest, level);
    this.quiet = level > 0.1 * this.loudest ? 0 : this.quiet + ms;
    this.feed(this.loudness.scale(frame));
  }

  /** Stop encoding in pieces, on a slow device. */
  stopStream() {
    this.stream = null;
  }

  feed(samples) {
    if (!this.stream) return;
    for (const found of this.stream.push(samples)) {
      this.spikes.times = concatenate(this.spikes.times, found.times);
      this.spikes.units = concatenate(this.spikes.units, found.units);
      const end = Math.min(this.stream.known, settings.duration);
      this.next = network.hear(this.spikes, this.next, end);
      network.calls.advance(end);
      network.note(end);
      answer(this.spikes, false);
    }
  }

  isOver() {
    return this.quiet >= settings.pause || this.longest >= settings.longest_word;
  }
}

onmessage = ({ data }) => {
  try {
    answers[data.kind](data);
  } catch (error) {
    postMessage({ kind: "failed", message: error.message });
  }
};
