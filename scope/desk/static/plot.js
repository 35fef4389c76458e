"use strict";
// A plot on a canvas: axes, counts in bins, points with errors, lines; regions are drawn on it.
class Plot {
  constructor(options) {
    this.options = { height: 240, ...options };
    this.range = options.range || [0, 1, 0, 1];
    this.layers = [];
    this.lasso = null;
    this.drawing = false;
    this.canvas = Dom.el("canvas", { role: "img", tabindex: options.onpick ? "0" : null,
      "aria-label": options.name });
    this.tip = Dom.el("div", { css: "tip", hidden: true });
    this.node = Dom.el("div", { css: "plot" }, this.canvas, this.tip);
    this.canvas.addEventListener("pointerdown", (event) => this.down(event));
    this.canvas.addEventListener("pointermove", (event) => this.move(event));
    this.canvas.addEventListener("pointerup", (event) => this.up(event));
    this.canvas.addEventListener("pointercancel", () => { this.path = null; this.draw(); });
    this.canvas.addEventListener("pointerleave", () => { this.tip.hidden = true; });
    new ResizeObserver(() => this.draw()).observe(this.node);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }
  say(text) { this.canvas.setAttribute("aria-label", text); }
  show(range, layers) { this.range = range; this.layers = layers; this.draw(); }
  get box() {
    const width = this.node.clientWidth || 320;
    return { left: 52, top: 8, right: width - 10, bottom: this.options.height - 36, width };
  }
  x(value) {
    const { left, right } = this.box, [low, high] = this.range;
    const part = (value - low) / (high - low);
    return left + (this.options.xFalls ? 1 - part : part) * (right - left);
  }
  y(value) {
    const { top, bottom } = this.box, low = this.range[2], high = this.range[3];
    const part = (value - low) / (high - low);
    return bottom - (this.options.yFalls ? 1 - part : part) * (bottom - top);
  }
  back(px, py) {
    const { left, right, top, bottom } = this.box, [x0, x1, y0, y1] = this.range;
    const u = (px - left) / (right - left), v = (bottom - py) / (bottom - top);
    return [x0 + (this.options.xFalls ? 1 - u : u) * (x1 - x0),
      y0 + (this.options.yFalls ? 1 - v : v) * (y1 - y0)];
  }
  draw() {
    const { left, top, right, bottom, width } = this.box, scale = window.devicePixelRatio || 1;
    const height = this.options.height;
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    this.canvas.style.height = `${height}px`;
    const pen = this.canvas.getContext("2d");
    this.pen = pen;
    pen.scale(scale, scale);
    pen.clearRect(0, 0, width, height);
    pen.save();
    pen.beginPath();
    pen.rect(left, top, right - left, bottom - top);
    pen.clip();
    for (const layer of this.layers) this[layer.kind](pen, layer);
    this.region(pen);
    pen.restore();
    this.axes(pen);
  }
  // Bins are pixels of a small image, which is drawn at once: twenty thousand rectangles take long.
  counts(pen, layer) {
    const [x0, x1, y0, y1] = layer.range, ax = this.x(x0), bx = this.x(x1), ay = this.y(y0), by = this.y(y1);
    pen.imageSmoothingEnabled = false;
    pen.drawImage(this.image(layer), Math.min(ax, bx), Math.min(ay, by), Math.abs(bx - ax), Math.abs(by - ay));
  }
  image(layer) {
    const [nx, ny] = layer.bins, data = layer.data, { xFalls, yFalls } = this.options;
    const image = Dom.el("canvas", { width: nx, height: ny }), small = image.getContext("2d", { willReadFrequently: true });
    small.fillStyle = Dom.style(layer.colour);
    small.fillRect(0, 0, nx, ny);
    const pixels = small.getImageData(0, 0, nx, ny);
    for (let k = 3; k < pixels.data.length; k += 4) pixels.data[k] = 0;
    let most = 1;
    for (let k = 2; k < data.length; k += 3) most = Math.max(most, data[k]);
    for (let k = 0; k < data.length; k += 3) {
      const i = xFalls ? nx - 1 - data[k] : data[k], j = yFalls ? data[k + 1] : ny - 1 - data[k + 1];
      // What lies on the upper edge of the range belongs to the last bin.
      const at = Math.min(Math.max(j, 0), ny - 1) * nx + Math.min(Math.max(i, 0), nx - 1);
      pixels.data[4 * at + 3] = 255 * (0.12 + 0.88 * Math.log(1 + data[k + 2]) / Math.log(1 + most));
    }
    small.putImageData(pixels, 0, 0);
    return image;
  }
  points(pen, layer) {
    const { x, y, error } = layer, size = layer.size || 2.2;
    pen.fillStyle = pen.strokeStyle = Dom.style(layer.colour);
    pen.globalAlpha = layer.alpha || 0.85;
    for (let k = 0; k < x.length; k++) {
      const px = this.x(x[k]), py = this.y(y[k]);
      if (error) {
        pen.lineWidth = 0.7;
        pen.beginPath();
        pen.moveTo(px, this.y(y[k] - error[k]));
        pen.lineTo(px, this.y(y[k] + error[k]));
        pen.stroke();
      }
      pen.beginPath();
      if (layer.marker === "cross") {
        pen.lineWidth = 1.2;
        pen.moveTo(px - 3, py - 3); pen.lineTo(px + 3, py + 3);
        pen.moveTo(px + 3, py - 3); pen.lineTo(px - 3, py + 3);
        pen.stroke();
      } else if (layer.marker === "square") {
        pen.fillRect(px - size, py - size, 2 * size, 2 * size);
      } else if (layer.marker === "triangle") {
        pen.moveTo(px, py - size * 1.3); pen.lineTo(px + size * 1.2, py + size);
        pen.lineTo(px - size * 1.2, py + size); pen.fill();
      } else { pen.arc(px, py, size, 0, 7); pen.fill(); }
    }
    pen.globalAlpha = 1;
  }
  line(pen, layer) {
    pen.strokeStyle = Dom.style(layer.colour);
    pen.lineWidth = layer.width || 1;
    pen.beginPath();
    for (let k = 0; k < layer.x.length; k++) {
      const px = this.x(layer.x[k]), py = this.y(layer.y[k]);
      if (k) pen.lineTo(px, py); else pen.moveTo(px, py);
    }
    pen.stroke();
  }
  upright(pen, layer) {
    pen.strokeStyle = Dom.style(layer.colour);
    pen.setLineDash(layer.dash || []);
    for (const value of layer.x) {
      pen.beginPath();
      pen.moveTo(this.x(value), 0);
      pen.lineTo(this.x(value), this.options.height);
      pen.stroke();
      if (!layer.names) continue;
      pen.fillStyle = pen.strokeStyle;
      pen.font = "12px system-ui, sans-serif";
      const name = layer.names[layer.x.indexOf(value)], fits = this.x(value) + 6 + pen.measureText(name).width < this.box.right;
      pen.textAlign = fits ? "left" : "right";
      pen.fillText(name, this.x(value) + (fits ? 4 : -4), this.box.top + 13);
    }
    pen.setLineDash([]);
  }
  region(pen) {
    const shown = this.path && this.path.length > 1 ? this.path.map(([a, b]) => this.back(a, b)) : this.lasso;
    if (!shown) return;
    pen.strokeStyle = Dom.style("--bad");
    pen.lineWidth = 2;
    pen.beginPath();
    shown.forEach(([a, b], k) => (k ? pen.lineTo(this.x(a), this.y(b)) : pen.moveTo(this.x(a), this.y(b))));
    pen.closePath();
    pen.stroke();
  }
  static ticks(low, high, most) {
    const raw = (high - low) / most, power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw);
    const found = [];
    for (let k = Math.ceil(low / step); k * step <= high + 1e-9 * step; k++) found.push(k * step);
    return found.map((value) => Number(value.toPrecision(12)));
  }
  static logTicks(low, high, most) {
    const found = [];
    for (let k = Math.floor(low); k <= Math.ceil(high); k++) {
      for (const n of high - low < 2.2 ? [1, 2, 5] : [1]) {
        const value = k + Math.log10(n);
        if (value >= low && value <= high) found.push(value);
      }
    }
    // Less than a decade: round values, where the logarithm has them.
    if (high - low < 1 && found.length < 3) return Plot.ticks(10 ** low, 10 ** high, most).filter((value) => value > 0).map(Math.log10);
    const every = Math.ceil(found.length / most);
    return found.filter((_, k) => k % every === 0);
  }
  axes(pen) {
    const { left, top, right, bottom, width } = this.box, options = this.options;
    pen.fillStyle = pen.strokeStyle = Dom.style("--soft");
    pen.lineWidth = 1;
    pen.strokeRect(left, top, right - left, bottom - top);
    pen.font = "12px system-ui, sans-serif";
    const shift = options.xShift || 0, most = Math.max(3, Math.floor((right - left) / 75));
    const ofX = options.xLog ? Plot.logTicks(this.range[0], this.range[1], most)
      : Plot.ticks(this.range[0] + shift, this.range[1] + shift, most).map((value) => value - shift);
    pen.textAlign = "center";
    for (const value of ofX) {
      const px = this.x(value);
      pen.fillRect(px, bottom, 1, 4);
      let label = options.xLog ? 10 ** value : value + shift;
      if (options.xTurn) label = ((label % options.xTurn) + options.xTurn) % options.xTurn;
      const shown = Dom.number(Number(label.toPrecision(8)), 6), half = pen.measureText(shown).width / 2;
      pen.fillText(shown, Math.min(px, width - half - 1), bottom + 16);
    }
    const ofY = (options.yLog ? Plot.logTicks : Plot.ticks)(this.range[2], this.range[3], 5);
    pen.textAlign = "right";
    for (const value of ofY) {
      pen.fillRect(left - 4, this.y(value), 4, 1);
      pen.fillText(Dom.number(options.yLog ? Number((10 ** value).toPrecision(8)) : value, 5), left - 7, this.y(value) + 4);
    }
    pen.textAlign = "center";
    pen.fillText(options.xLabel || "", (left + right) / 2, this.options.height - 4);
    pen.save();
    pen.translate(11, (top + bottom) / 2);
    pen.rotate(-Math.PI / 2);
    pen.fillText(options.yLabel || "", 0, 0);
    pen.restore();
  }
  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }
  down(event) {
    if (!this.drawing) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.path = [this.place(event)];
  }
  move(event) {
    const here = this.place(event);
    if (this.path) {
      const last = this.path[this.path.length - 1];
      if (Math.hypot(here[0] - last[0], here[1] - last[1]) > 4) { this.path.push(here); this.draw(); }
      return;
    }
    const near = this.nearest(here);
    this.tip.hidden = !near;
    if (near) {
      this.tip.textContent = near.label;
      this.tip.style.left = `${Math.min(here[0] + 12, this.box.width - 150)}px`;
      this.tip.style.top = `${here[1] + 12}px`;
    }
  }
  up(event) {
    if (this.path) {
      const path = this.path;
      this.path = null;
      if (path.length > 2 && this.options.onregion) {
        this.lasso = Plot.simpler(path, 36).map(([a, b]) => this.back(a, b));
        this.options.onregion(this.lasso);
      }
      this.draw();
      return;
    }
    const near = this.nearest(this.place(event));
    if (near && this.options.onpick) this.options.onpick(near.layer, near.index);
  }
  nearest([px, py]) {
    let best = null, least = 64;
    for (const layer of this.layers) {
      if (!layer.label) continue;
      for (let k = 0; k < layer.x.length; k++) {
        const away = (this.x(layer.x[k]) - px) ** 2 + (this.y(layer.y[k]) - py) ** 2;
        if (away < least) { least = away; best = { layer, index: k, label: layer.label(k) }; }
      }
    }
    return best;
  }
  // Corners that change the area least go first (Visvalingam & Whyatt 1993).
  static simpler(path, most) {
    const kept = path.slice();
    const area = (a, b, c) => Math.abs((b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1]));
    while (kept.length > most) {
      let worst = 0, least = Infinity;
      for (let k = 0; k < kept.length; k++) {
        const size = area(kept[(k + kept.length - 1) % kept.length], kept[k], kept[(k + 1) % kept.length]);
        if (size < least) { least = size; worst = k; }
      }
      kept.splice(worst, 1);
    }
    return kept;
  }
}
