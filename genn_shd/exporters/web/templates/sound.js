// Processing of sound before the inner ear: reading WAV, resampling, and the preparation of genn_shd/speech/preparation.py.

/** Read a WAV file: {samples, rate}, averaged over channels, with full scale 1; null if the format is unknown. */
function readWav(buffer) {
  const view = new DataView(buffer);
  const word = (at) => String.fromCharCode(...new Uint8Array(buffer, at, 4));
  if (buffer.byteLength < 12 || word(0) !== "RIFF" || word(8) !== "WAVE") return null;
  let form = null;
  for (let at = 12; at + 8 <= buffer.byteLength; ) {
    const size = view.getUint32(at + 4, true), start = at + 8;
    if (word(at) === "fmt ") {
      const kind = view.getUint16(start, true);
      form = {
        kind: kind === 0xfffe ? view.getUint16(start + 24, true) : kind,
        channels: view.getUint16(start + 2, true),
        rate: view.getUint32(start + 4, true),
        bits: view.getUint16(start + 14, true),
      };
    } else if (word(at) === "data" && form) {
      const read = chooseReader(view, form);
      return read && averageChannels(read, form, start, Math.min(size, buffer.byteLength - start));
    }
    at = start + size + (size % 2);
  }
  return null;
}

/** Return a function that reads one number; null for compressed formats. */
function chooseReader(view, { kind, bits }) {
  if (kind === 3 && bits === 32) return (at) => view.getFloat32(at, true);
  if (kind === 3 && bits === 64) return (at) => view.getFloat64(at, true);
  if (kind !== 1) return null;
  if (bits === 8) return (at) => (view.getUint8(at) - 128) / 128;
  if (bits === 16) return (at) => view.getInt16(at, true) / 2 ** 15;
  if (bits === 24) return (at) => (view.getUint16(at, true) + view.getInt8(at + 2) * 2 ** 16) / 2 ** 23;
  if (bits === 32) return (at) => view.getInt32(at, true) / 2 ** 31;
  return null;
}

function averageChannels(read, { channels, rate, bits }, start, size) {
  const frame = (channels * bits) / 8;
  const samples = new Float64Array(Math.floor(size / frame));
  for (let k = 0; k < samples.length; k++) {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += read(start + k * frame + (c * bits) / 8);
    samples[k] = sum / channels;
  }
  return { samples, rate };
}

/** Compute the modified Bessel function I0, for Kaiser's window. */
function besselI0(x) {
  let sum = 1, term = 1;
  for (let k = 1; term > 1e-18 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

/**
 * Resamples a stream of sound by a linear-phase low-pass filter, evaluated at the times of the new samples. The filter
 * passes 0.913 of the narrower band; its constants were fitted to the impulse response of soxr with quality "VHQ".
 */
class Resampler {
  constructor(from, to) {
    const divisor = (a, b) => (b ? divisor(b, a % b) : a);
    const common = divisor(from, to), narrow = Math.min(1, to / from);
    this.up = to / common;
    this.down = from / common;
    this.cutoff = 0.95566416 * narrow; // relative to half the old sampling rate
    this.width = 132.83333 / narrow; // half the length of the filter, in old samples
    this.half = Math.ceil(this.width);
    this.beta = 18.433496; // parameter of Kaiser's window
    this.phases = new Map();
    this.waiting = new Float64Array(this.half); // samples that are still needed, first zeros of half the filter
    this.first = -this.half;
    this.done = 0; // number of new samples so far
    this.ended = 0; // number of old samples so far
  }

  /** Compute the weights of the old samples around a new one. */
  findWeights(phase) {
    if (this.phases.has(phase)) return this.phases.get(phase);
    const weights = new Float64Array(2 * this.half), norm = besselI0(this.beta);
    for (let k = 0; k < weights.length; k++) {
      const t = k - this.half + 1 - phase / this.up, x = Math.PI * this.cutoff * t;
      const window = besselI0(this.beta * Math.sqrt(Math.max(0, 1 - (t / this.width) ** 2))) / norm;
      weights[k] = this.cutoff * (x === 0 ? 1 : Math.sin(x) / x) * window;
    }
    this.phases.set(phase, weights);
    return weights;
  }

  push(samples) {
    if (this.up === this.down) return samples;
    this.ended += samples.length;
    return this.take(samples, Infinity);
  }

  finish() {
    if (this.up === this.down) return new Float64Array(0);
    return this.take(new Float64Array(this.half + 1), Math.round((this.ended * this.up) / this.down));
  }

  take(samples, end) {
    const joined = new Float64Array(this.waiting.length + samples.length);
    joined.set(this.waiting);
    joined.set(samples, this.waiting.length);
    const result = [];
    for (; this.done < end; this.done++) {
      const place = this.done * this.down, phase = place % this.up;
      const start = (place - phase) / this.up - this.half + 1 - this.first;
      if (start + 2 * this.half > joined.length) break;
      const weights = this.findWeights(phase);
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += weights[k] * joined[start + k];
      result.push(sum);
    }
    const used = Math.floor((this.done * this.down) / this.up) - this.half - this.first;
    const kept = Math.min(Math.max(0, used), joined.length);
    this.waiting = joined.slice(kept);
    this.first += kept;
    return Float64Array.from(result);
  }
}

/** Compute the first half of a Hann window of twice the length. */
function makeRise(length) {
  return Float64Array.from({ length }, (_, k) => 0.5 - 0.5 * Math.cos((2 * Math.PI * k) / (2 * length - 1)));
}

/**
 * Prepare a recording: remove quiet parts at both ends, scale to a fixed loudness, fade in and out, add silence. Returns
 * {samples, duration}; the duration, in ms, does not include samples that only fill the length of the transform.
 */
function prepare(recording, settings, canTransform) {
  const perMs = settings.sample_rate / 1000;
  if (!recording.length) throw new Error("The recording is empty.");
  let mean = 0;
  for (const x of recording) mean += x / recording.length;
  let sound = recording.map((x) => x - mean);
  const peak = sound.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  if (peak < 1e-30) throw new Error("The recording has no sound: all samples are equal.");
  const loud = (x) => Math.abs(x) >= peak * 10 ** (-settings.trim / 20);
  sound = sound.slice(sound.findIndex(loud), sound.findLastIndex(loud) + 1);
  const power = sound.reduce((sum, x) => sum + (x / peak) ** 2, 0) / sound.length;
  const factor = settings.rms / Math.sqrt(power) / peak;
  sound = sound.map((x) => x * factor);
  const rise = makeRise(Math.min(Math.round(settings.flank * perMs), Math.floor(sound.length / 2)));
  rise.forEach((share, k) => {
    sound[k] *= share;
    sound[sound.length - 1 - k] *= share;
  });
  const silence = Math.round(settings.silence * perMs), length = sound.length + 2 * silence;
  let buckets = Math.ceil((length + 2) / settings.bucket);
  while (!canTransform((buckets * settings.bucket) / 2)) buckets++;
  const samples = new Float64Array(buckets * settings.bucket - 2);
  samples.set(sound, silence);
  return { samples, duration: length / perMs };
}

/** Scales sound by its mean power so far, as genn_shd/speech/live.py does. */
class Loudness {
  constructor(settings) {
    this.rms = settings.rms;
    this.least = 0.05 * settings.sample_rate;
    this.floor = settings.floor / 10;
    this.energy = 0;
    this.count = 0;
  }

  scale(samples) {
    this.energy = samples.reduce((sum, x) => sum + x * x, this.energy);
    this.count += samples.length;
    const level = Math.sqrt(this.energy / Math.max(this.count, this.least));
    return samples.map((x) => x * (this.rms / Math.max(level, this.floor)));
  }
}
