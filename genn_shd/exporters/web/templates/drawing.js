// Figures of one word: raster plots and probabilities over time, like those of `python -m genn_shd.listen`.

const DASHES = [[], [7, 3], [2, 3], [9, 3, 2, 3]]; // so that lines differ without colour

class Figure {
  constructor(id, settings) {
    this.canvas = document.getElementById(id);
    this.settings = settings;
  }

  /** Clear the canvas, at the resolution of the screen, and draw the time axis. */
  begin() {
    const ratio = window.devicePixelRatio || 1, { clientWidth, clientHeight } = this.canvas;
    this.canvas.width = Math.round(clientWidth * ratio);
    this.canvas.height = Math.round(clientHeight * ratio);
    this.context = this.canvas.getContext("2d");
    this.context.scale(ratio, ratio);
    const style = getComputedStyle(document.documentElement);
    this.colour = (name) => style.getPropertyValue(`--${name}`);
    this.box = { left: 10, right: clientWidth - 10, top: 8, bottom: clientHeight - 22 };
    this.drawTimes();
  }

  x(time) {
    return this.box.left + (time / this.end) * (this.box.right - this.box.left);
  }

  drawTimes() {
    const { context, box } = this, every = this.end > 1000 ? 200 : 100;
    const step = box.right - box.left < 420 ? 2 * every : every;
    context.font = "12px system-ui, 'DejaVu Sans', sans-serif";
    context.textBaseline = "top";
    context.lineWidth = 1;
    for (let time = 0; time <= this.end; time += step) {
      context.strokeStyle = this.colour("line");
      context.beginPath();
      context.moveTo(this.x(time), box.top);
      context.lineTo(this.x(time), box.bottom);
      context.stroke();
      context.fillStyle = this.colour("faint");
      const text = time + step > this.end ? `${time} ms` : `${time}`;
      const width = context.measureText(text).width;
      context.fillText(text, Math.min(Math.max(this.x(time) - width / 2, 0), box.right + 10 - width), box.bottom + 5);
    }
  }

  /** Draw a line at the time of a replay. */
  drawPlayhead(time) {
    if (time >= this.end) return;
    this.context.strokeStyle = this.colour("mark");
    this.context.lineWidth = 1.5;
    this.context.beginPath();
    this.context.moveTo(this.x(time), this.box.top);
    this.context.lineTo(this.x(time), this.box.bottom);
    this.context.stroke();
  }

  drawDots(times, places, count, until) {
    const { context, box } = this, height = box.bottom - box.top, size = times.length > 2500 ? 1.2 : 1.8;
    context.fillStyle = this.colour("ink");
    let drawn = 0;
    for (let k = 0; k < times.length; k++) {
      if (times[k] > until || times[k] > this.end) continue;
      context.fillRect(this.x(times[k]) - size / 2, box.top + ((places(k) + 0.5) / count) * height - size / 2, size, size);
      drawn++;
    }
    return drawn;
  }
}

/** The three figures. */
class Figures {
  constructor(settings) {
    this.settings = settings;
    this.all = ["input", "hidden", "probability"].map((id) => new Figure(id, settings));
    this.starts = [];
    this.neurons = 0;
    for (const { size } of settings.populations) {
      this.starts.push(this.neurons);
      this.neurons += size;
    }
  }

  /** Draw the spikes and probabilities of a word up to a time, ms. */
  draw(heard, until) {
    const [input, hidden, probability] = this.all;
    const end = Math.min(this.settings.duration, Math.max(500, heard ? 100 * Math.ceil((heard.end + 60) / 100) : 0));
    for (const figure of this.all) {
      figure.end = end;
      figure.begin();
    }
    if (!heard) return;
    const { channels } = this.settings.ear;
    const inputs = input.drawDots(heard.input.times, (k) => heard.input.units[k], channels, until);
    const neuron = (k) => this.starts[heard.hidden.populations[k]] + heard.hidden.neurons[k];
    const spikes = hidden.drawDots(heard.hidden.times, (k) => this.neurons - 1 - neuron(k), this.neurons, until);
    this.drawProbabilities(probability, heard, until);
    for (const figure of this.all) figure.drawPlayhead(until);
    if (until >= end) {
      input.canvas.setAttribute("aria-label", `Input: ${inputs} spikes of ${channels} channels in ${end} ms`);
      hidden.canvas.setAttribute("aria-label", `Hidden: ${spikes} spikes of ${this.neurons} neurons`);
    }
  }

  drawProbabilities(figure, { evidence, coloured }, until) {
    const { context, box } = figure, y = (share) => box.bottom - share * (box.bottom - box.top);
    const last = evidence.times.findLastIndex((time) => time <= until);
    const order = [...this.settings.classes.keys()].sort((a, b) => coloured.includes(a) - coloured.includes(b));
    for (const word of order) {
      const rank = coloured.indexOf(word), points = evidence.probabilities.slice(0, last + 1).map((row) => row[word]);
      context.strokeStyle = figure.colour(rank < 0 ? "other" : `word-${rank}`);
      context.lineWidth = rank < 0 ? 0.8 : 2.2;
      context.setLineDash(rank < 0 ? [] : DASHES[rank]);
      context.beginPath();
      context.moveTo(figure.x(0), y(1 / this.settings.classes.length));
      points.forEach((share, k) => context.lineTo(Math.min(figure.x(evidence.times[k]), box.right), y(share)));
      context.stroke();
      context.setLineDash([]);
    }
    this.drawNames(figure, coloured, evidence.probabilities[last], evidence.times[last], y);
  }

  /** Draw the names of the coloured words at the ends of their lines, if there is room. */
  drawNames(figure, coloured, shares, time, y) {
    if (!shares) return;
    const { context, box } = figure;
    context.font = "600 13px system-ui, 'DejaVu Sans', sans-serif";
    context.textBaseline = "bottom";
    let free = box.top + 14;
    const shown = coloured.filter((word) => shares[word] >= 0.04).sort((a, b) => shares[b] - shares[a]);
    for (const word of shown) {
      const name = this.settings.classes[word], width = context.measureText(name).width;
      const place = Math.max(free, y(shares[word]) - 3);
      if (place > box.bottom) break;
      const left = Math.max(box.left, Math.min(figure.x(time), box.right) - width - 4);
      context.fillStyle = figure.colour("panel");
      context.fillRect(left - 2, place - 14, width + 4, 15);
      context.fillStyle = figure.colour(`word-${coloured.indexOf(word)}`);
      context.fillText(name, left, place);
      free = place + 16;
    }
    const text = shown.map((word) => `${this.settings.classes[word]} ${Math.round(100 * shares[word])} %`).join(", ");
    figure.canvas.setAttribute("aria-label", `Probabilities: ${text}`);
  }
}
