// Classes that call the WebAssembly modules of the inner ear and the network.

/** A compiled module. It imports functions of `Math`, and nothing else. */
class Program {
  constructor(bytes) {
    this.calls = new WebAssembly.Instance(new WebAssembly.Module(bytes), { Math }).exports;
  }

  /** Return a view of numbers in the memory of the module, valid until the next call. */
  view(kind, at, length) {
    return new kind(this.calls.memory.buffer, at, length);
  }
}

class Ear extends Program {
  constructor(bytes, seeds, settings) {
    super(bytes);
    this.seeds = seeds;
    this.settings = settings;
    this.calls.allocate_cells();
    this.canTransform = (count) => this.calls.can_transform(count) !== 0;
  }

  /** Compute the tables of the membrane, one group of channels after another; takes seconds. */
  makeTables(progress) {
    for (let group = 0; group < this.settings.groups; group++) {
      this.calls.make_table(group);
      progress((group + 1) / this.settings.groups);
    }
  }

  put(array) {
    const place = this.calls.allocate(array.byteLength);
    this.view(array.constructor, place, array.length).set(array);
    return place;
  }

  /** Set all cells to their resting state. */
  begin() {
    const place = this.put(this.seeds);
    this.calls.begin(place);
    this.calls.release(place);
  }

  /** Compute spikes {times, units}, sorted by time, of samples `from` to `to` of the `count` samples of the velocity. */
  run(sound, count, from, to) {
    const place = this.put(sound);
    const found = this.calls.encode(place, sound.length, count, from, to);
    const steps = this.view(Int32Array, this.calls.get_steps(), found);
    const units = this.view(Int32Array, this.calls.get_channels(), found);
    const { channels, step } = this.settings, keys = new Uint32Array(found);
    let kept = 0;
    for (let k = 0; k < found; k++) if (units[k] < channels) keys[kept++] = steps[k] * channels + units[k];
    this.calls.release(place);
    const sorted = keys.subarray(0, kept).sort();
    return {
      times: Float32Array.from(sorted, (key) => Math.floor(key / channels) * step),
      units: Uint16Array.from(sorted, (key) => key % channels),
    };
  }

  /** Encode a whole recording; returns its spikes and its duration in ms. */
  encode(recording) {
    const { samples, duration } = prepare(recording, this.settings, this.canTransform);
    this.begin();
    const spikes = this.run(samples, samples.length / 2 + 1, 0, Math.ceil(duration / this.settings.step));
    const kept = spikes.times.findLastIndex((time) => time < duration) + 1;
    return { times: spikes.times.slice(0, kept), units: spikes.units.slice(0, kept), duration };
  }
}

/** Encodes sound in pieces, with overlapping windows, as genn_shd/speech/stream.py does. */
class EarStream {
  constructor(ear) {
    const { sample_rate, piece, look_behind, look_ahead, ramp } = ear.settings, perMs = sample_rate / 1000;
    this.ear = ear;
    [this.piece, this.before, this.ahead] = [piece, look_behind, look_ahead].map((ms) => ms * perMs);
    this.waiting = new Float64Array(this.before);
    this.window = new Float64Array(this.before + this.piece + this.ahead).fill(1);
    makeRise(ramp * perMs).forEach((share, k) => {
      this.window[k] = this.window[this.window.length - 1 - k] = share;
    });
    this.known = 0; // time up to which spikes are known, ms
    ear.begin();
  }

  /** Add samples; yields the spikes of each complete piece. */
  *push(samples) {
    this.waiting = concatenate(this.waiting, samples);
    while (this.waiting.length >= this.window.length) {
      const sound = this.window.map((share, k) => share * this.waiting[k]);
      this.waiting = this.waiting.slice(this.piece);
      this.known += (1000 * this.piece) / this.ear.settings.sample_rate;
      yield this.ear.run(sound, sound.length / 2, this.before / 2, (this.before + this.piece) / 2);
    }
  }
}

function concatenate(first, second) {
  const joined = new first.constructor(first.length + second.length);
  joined.set(first);
  joined.set(second, first.length);
  return joined;
}

class Network extends Program {
  constructor(bytes, settings) {
    super(bytes);
    this.settings = settings;
    this.begin();
  }

  begin() {
    this.calls.begin();
    this.evidence = { times: [], probabilities: [] };
  }

  /** Pass spikes from number `from` on, in order of time, up to `end` ms; returns the number of the next spike. */
  hear({ times, units }, from, end) {
    let k = from;
    for (; k < times.length && times[k] < end; k++) this.calls.push(times[k], units[k]);
    return k;
  }

  /** Store the probability of each word if the sound ended at this time, ms. */
  note(time) {
    const logits = this.view(Float32Array, this.calls.classify(), this.settings.classes.length);
    const scaled = Float64Array.from(logits, (logit) => logit * this.settings.loss_scale);
    const most = Math.max(...scaled), weights = scaled.map((x) => Math.exp(x - most));
    const sum = weights.reduce((a, b) => a + b, 0);
    this.evidence.times.push(time);
    this.evidence.probabilities.push(Array.from(weights, (weight) => weight / sum));
  }

  /** Select the spikes of a word that the network receives: with `augmentation.normalise`, a random part of them. */
  thin(spikes) {
    if (!this.calls.keeps) return spikes;
    const inside = spikes.times.filter((time) => time < this.settings.duration).length;
    const keeps = (_, k) => this.calls.keeps(k, inside) !== 0;
    return { ...spikes, times: spikes.times.filter(keeps), units: spikes.units.filter(keeps) };
  }

  /** Pass all spikes of a word, and store the probabilities every 50 ms, like `python -m genn_shd.listen`. */
  hearWord(all) {
    const { duration, every } = this.settings, spikes = this.thin(all);
    this.begin();
    const last = spikes.times.length ? spikes.times[spikes.times.length - 1] : 0;
    let k = 0;
    for (let time = every; time < Math.min(duration, last + every); time += every) {
      k = this.hear(spikes, k, time);
      this.note(time);
    }
    this.hear(spikes, k, duration);
    this.note(duration);
    this.calls.advance(duration);
  }

  /** Return the spikes of hidden neurons so far. */
  getSpikes() {
    const count = this.calls.get_num_spikes();
    return {
      times: this.view(Float32Array, this.calls.get_times(), count).slice(),
      populations: this.view(Uint16Array, this.calls.get_populations(), count).slice(),
      neurons: this.view(Uint16Array, this.calls.get_neurons(), count).slice(),
    };
  }
}
