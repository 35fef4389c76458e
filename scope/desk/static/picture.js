"use strict";
// The page of what is shown by a picture: a detection with its stamps, or a spectrum.
const pageOf = (facts, about, star) => (about.task === "variables" ? new StarPage(facts, about, star) : new PicturePage(facts, about, star));

class PicturePage {
  constructor(facts, about, star) {
    Object.assign(this, { facts, about, star });
    const what = { stamps: "Detection", spectra: "Spectrum" }[about.task];
    const parts = [facts.why ? Dom.el("p", { css: "error", id: "no-picture" }, facts.why) : null,
      facts.stamps && facts.stamps.length ? this.stampCard() : null, facts.spectrum ? this.spectrumCard() : null,
      facts.posterior ? this.posteriorCard() : null,
      Dom.el("div", { css: "cards" }, Dom.el("div", { css: "side" }, this.classCard(), this.sourceCard()), Dom.el("div", { css: "side" }, this.valueCard()))];
    this.node = Dom.el("article", { "aria-label": `${what} ${facts.name}` }, this.heading(what), ...parts.filter((one) => one));
  }
  card(id, title, ...inner) { return Dom.el("section", { css: "card", id, "aria-labelledby": `${id}-h` }, Dom.el("h2", { id: `${id}-h` }, title), ...inner); }
  heading(what) {
    const { el } = Dom;
    return el("div", {}, el("p", {}, el("a", { href: Dom.table || "#/", id: "back" }, "← back to the table")),
      el("h2", {}, `${what} ${this.facts.name}`, " ", el("span", { css: "soft small" }, `row ${this.facts.id} of ${this.facts.target}`)));
  }
  stampCard() {
    const { el } = Dom;
    this.stamps = el("div", { css: "stamps", id: "stamps" });
    this.scale = el("select", { id: "scale", "aria-label": "Scale of greys", onchange: () => this.rescale() },
      this.facts.scales.map((name) => el("option", { value: name }, name === "zscale" ? "zscale" : `middle ${name} % of the pixels`)));
    this.problem = el("p", { css: "error", role: "alert" });
    this.drawStamps(this.facts.stamps);
    return this.card("pictures", "Stamps", el("div", { css: "row" }, el("label", { for: "scale" }, "Greys by"), this.scale), this.problem, this.stamps);
  }
  drawStamps(stamps) {
    const { el } = Dom;
    this.stamps.replaceChildren(...stamps.map((one) => el("figure", {}, el("figcaption", {}, one.layer),
      el("div", { css: "crossed" }, el("img", { alt: `${one.layer} stamp`, src: `data:image/jpeg;base64,${one.jpeg}` })))));
  }
  async rescale() {
    try { this.drawStamps((await Api.get("star", { ...this.star, scale: this.scale.value })).stamps); } catch (error) { this.problem.textContent = error.message; }
  }
  posteriorCard() {
    this.curve = new Plot({ name: "Posterior of the score", xLabel: "score", yLabel: "density", height: 180 });
    return this.card("posterior", "Posterior of the score", this.curve.node,
      Dom.el("p", { css: "small soft" }, `From samples of dropout; ${Dom.probability(this.facts.posterior.above_half)} of them are above one half.`));
  }
  drawPosterior() {
    const { density, above_half: above } = this.facts.posterior, x = density.map((_, k) => k / (density.length - 1));
    this.curve.show([0, 1, 0, 1.05 * Math.max(...density, 1e-9)], [{ kind: "line", x, y: density, colour: "--strong" },
      { kind: "upright", x: [0.5], names: [""], colour: "--rest", dash: [5, 4] }]);
    this.curve.say(`Posterior of the score, highest at ${x[density.indexOf(Math.max(...density))].toFixed(2)}; ${Dom.probability(above)} of the samples above one half`);
  }
  spectrumCard() {
    const { el } = Dom, { z, how } = this.facts.spectrum;
    this.z = z;
    this.plot = new Plot({ name: "Spectrum", xLabel: "wavelength [Å]", yLabel: "flux, normalised", height: 300 });
    this.input = el("input", { id: "redshift", type: "text", inputmode: "decimal", size: "8", value: z === null ? "" : z.toFixed(4), "aria-label": "Redshift",
      onchange: (event) => this.move(Number(event.target.value)) });
    this.slider = el("input", { id: "redshift-slider", type: "range", min: "0", max: "5", step: "0.001", value: String(z || 0), "aria-label": "Redshift by a slider",
      oninput: (event) => this.move(Number(event.target.value)) });
    return this.card("pictures", "Spectrum", el("div", { css: "row" }, el("label", { for: "redshift" }, "Lines at z ="), this.input, this.slider,
      el("button", { type: "button", id: "proposed", disabled: z === null, onclick: () => this.move(z) }, "Proposed")),
    this.plot.node, el("p", { css: "small soft" }, z === null ? "No redshift is proposed." : `Proposed: ${z.toFixed(4)}, ${how}.`));
  }
  move(z) {
    if (!(z >= 0 && Number.isFinite(z))) return;
    this.z = z;
    this.input.value = z.toFixed(4);
    this.slider.value = String(z);
    this.drawSpectrum();
  }
  drawSpectrum() {
    const { wavelength, flux, lines } = this.facts.spectrum;
    const seen = flux.map((_, k) => k).filter((k) => flux[k] !== null);
    const x = seen.map((k) => wavelength[k]), y = seen.map((k) => flux[k]);
    const range = [wavelength[0], wavelength[wavelength.length - 1], ...StarPage.span(y, 0.002)];
    const marks = this.z === null ? [] : lines.map((one) => ({ name: one.name, at: one.rest * (1 + this.z) })).filter((one) => one.at > range[0] && one.at < range[1]);
    this.plot.show(range, [{ kind: "line", x, y, colour: "--ink" },
      { kind: "upright", x: marks.map((one) => one.at), names: marks.map((one) => one.name), colour: "--bad", dash: [5, 4] }]);
    this.plot.say(`Spectrum, ${x.length} bins from ${Math.round(range[0])} to ${Math.round(range[1])} Å${this.z === null ? "" : `; at z = ${this.z.toFixed(4)} lines: ${marks.map((one) => `${one.name} ${Math.round(one.at)} Å`).join(", ") || "none"}`}`);
  }
  classCard() {
    const { el } = Dom;
    const rows = this.facts.classes.flatMap((one) => {
      const bar = el("div", { css: "bar", role: "presentation" }, el("span", {}));
      bar.firstChild.style.width = `${100 * one.p}%`;
      return [el("span", {}, one.label), bar, el("span", { css: "num" }, Dom.probability(one.p))];
    });
    return this.card("classes", "What the models say", rows.length ? el("div", { css: "chances" }, rows) : el("p", {}, "Nothing, or it is not shown."));
  }
  valueCard() {
    const { el } = Dom, skip = ["target", "row", "_id", "object"];
    const columns = this.about.columns.filter((one) => !skip.includes(one.name) && this.facts.row[one.name] !== null && this.facts.row[one.name] !== undefined);
    return this.card("values", "Values", el("dl", { css: "facts" }, columns.flatMap((one) => [el("dt", { title: one.text || null }, one.name), el("dd", {}, Dom.value(one, this.facts.row[one.name]))])));
  }
  sourceCard() { return this.card("source", "Where this is from", ...this.facts.provenance.map((text) => Dom.el("p", { css: "small" }, text))); }
  async load() {
    if (this.plot) this.drawSpectrum();
    if (this.curve) this.drawPosterior();
  }
}
