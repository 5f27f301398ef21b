// Classify samples by the network of an exported page: `node page.js SCRIPTS PAGE SAMPLES` prints logits and seconds as JSON.
const fs = require("node:fs");
const vm = require("node:vm");

const [scripts, page, samples] = process.argv.slice(2, 5).map((path) => fs.readFileSync(path, "utf8"));
const { Network } = vm.runInThisContext(`${scripts}; ({ Network })`);
const part = (id) => page.match(new RegExp(`id="${id}">([^<]*)<`))[1];
const settings = JSON.parse(part("settings"));
const network = new Network(new Uint8Array(Buffer.from(part("network-module"), "base64")).buffer, settings);
const logits = [];
let seconds = 0;
for (const { times, units } of JSON.parse(samples)) {
  const started = performance.now();
  network.begin();
  network.hear({ times: Float32Array.from(times), units }, 0, settings.duration);
  network.calls.advance(settings.duration);
  logits.push([...network.view(Float32Array, network.calls.classify(), settings.classes.length)]);
  seconds += (performance.now() - started) / 1000;
}
process.stdout.write(JSON.stringify({ logits, seconds }));
