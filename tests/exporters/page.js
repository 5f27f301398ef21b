// Run the page's scripts in Node: what a job file asks for, as JSON.
const fs = require("node:fs");

const job = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const readBytes = (path) => new Uint8Array(fs.readFileSync(path)).buffer;
const decode = (text) => new Uint8Array(Buffer.from(text, "base64")).buffer;

const jobs = {
  read: () => job.files.map((file) => {
    const { samples, rate } = readWav(readBytes(file));
    return { samples: [...samples], rate };
  }),
  resample: () => job.pieces.map((size) => {
    const resampler = new Resampler(job.from, job.to), result = [];
    for (let at = 0; at < job.samples.length; at += size) result.push(...resampler.push(Float64Array.from(job.samples.slice(at, at + size))));
    return [...result, ...resampler.finish()];
  }),
  hear: () => {
    const page = fs.readFileSync(job.page, "utf8");
    const part = (id) => page.match(new RegExp(`id="${id}">([^<]*)<`))[1];
    const settings = JSON.parse(part("settings"));
    const ear = new Ear(decode(part("ear-module")), new Uint32Array(decode(part("seeds"))), settings.ear);
    ear.makeTables(() => {});
    const network = new Network(decode(part("network-module")), settings);
    const spikes = ear.encode(Float64Array.from(job.samples));
    network.hearWord(spikes);
    const { times, neurons } = network.getSpikes();
    return {
      input: { times: [...spikes.times], units: [...spikes.units] },
      hidden: { times: [...times], neurons: [...neurons] },
      evidence: network.evidence,
      streamed: stream(ear, Float64Array.from(job.samples)),
    };
  },
};

/** Spikes of a stream of pieces, as the microphone gives them. */
function stream(ear, samples) {
  const coming = new EarStream(ear), times = [], units = [];
  for (let at = 0; at < samples.length; at += 960)
    for (const found of coming.push(samples.slice(at, at + 960))) times.push(...found.times), units.push(...found.units);
  return { times, units };
}

process.stdout.write(JSON.stringify(jobs[job.kind]()));
