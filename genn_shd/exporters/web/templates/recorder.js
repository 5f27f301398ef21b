// In the audio thread: sends the sound of the microphone in pieces of about 20 ms.
class Recorder extends AudioWorkletProcessor {
  constructor() {
    super();
    this.samples = new Float32Array(1024);
    this.count = 0;
  }

  process([input]) {
    if (input.length) {
      this.samples.set(input[0], this.count);
      this.count += input[0].length;
    }
    if (this.count + 128 > this.samples.length) {
      this.port.postMessage(this.samples.slice(0, this.count));
      this.count = 0;
    }
    return true;
  }
}

registerProcessor("recorder", Recorder);
