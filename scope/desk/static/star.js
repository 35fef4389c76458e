"use strict";
// The page of a star. It also draws the stars of an exported page, from what is embedded there.
const BANDS = { 1: ["g", "square"], 2: ["r", "circle"], 3: ["i", "triangle"] };
const bandOf = (number) => BANDS[number] || ["x", "circle"];

const StarView = {
  async open(main, about, target, id) {
    const star = { target, id };
    const facts = await Api.get("star", star);
    document.title = `${facts.name} – Desk`;
    const view = pageOf(facts, about, star);
    main.replaceChildren(view.node);
    await view.load();
  },
};

class StarPage {
  constructor(facts, about, star) {
    Object.assign(this, { facts, about, star });
    this.period = facts.row.period || null;
    this.shown = {};
    this.peaks = [];
    this.node = Dom.el("article", { "aria-label": `Star ${facts.name}` }, this.heading(),
      Dom.el("div", { css: "cards" },
        Dom.el("div", { css: "side" }, this.timeCard(), this.periodogramCard(), this.whyCard(), this.neighbourCard(), this.curveCard(), this.sourceCard()),
        Dom.el("div", { css: "side" }, this.phaseCard(), this.classCard(), this.featureCard(), this.matchCard())));
  }
  card(id, title, ...inner) { return Dom.el("section", { css: "card", id, "aria-labelledby": `${id}-h` }, Dom.el("h2", { id: `${id}-h` }, title), ...inner); }
  heading() {
    const { el, number } = Dom, { row } = this.facts;
    const facts = [["position", row.ra === null || row.ra === undefined ? "unknown" : `${number(row.ra, 9)}, ${number(row.dec, 9)}`],
      ["period", row.period ? `${number(row.period)} d` : "none"],
      ["magnitude", number(row.mag, 5)], ["amplitude", row.amplitude ? `${number(row.amplitude, 3)} mag` : "–"],
      ["class", row.class ? `${row.class}, probability ${Dom.probability(row.class_p)}` : "none"]];
    if (row.ood_p !== null && row.ood_p !== undefined) facts.push(["like training", `p = ${number(row.ood_p, 3)}`]);
    const links = Object.entries(this.facts.links).flatMap(([name, url]) => [Dom.link(url, name), " "]);
    return el("div", {}, el("p", {}, el("a", { href: Dom.table || "#/", id: "back" }, "← back to the table")), el("h2", {}, this.facts.name, " ",
      el("span", { css: "soft small" }, `${this.facts.id} of ${this.facts.target}`)),
    this.facts.reason ? el("p", { css: "error" }, `No classification: ${this.facts.reason}`) : null,
    el("dl", { css: "facts line" }, facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)))),
    el("p", { id: "links" }, "Look elsewhere (leaves this machine): ", ...links));
  }
  timeCard() {
    this.time = new Plot({ name: "Light curves against time", xLabel: "HMJD [d]", yLabel: "magnitude", yFalls: true, height: 260 });
    this.bands = Dom.el("div", { css: "row", role: "group", "aria-label": "Light curves shown" });
    this.rejected = Dom.el("p", { css: "small", role: "status" }, "Reading the light curves …");
    return this.card("time", "Light curves", this.bands, this.time.node, this.rejected);
  }
  phaseCard() {
    const { el } = Dom;
    this.phase = new Plot({ name: "Light curves against phase", xLabel: "phase", yLabel: "magnitude", yFalls: true, height: 260 });
    this.number = el("input", { type: "text", inputmode: "decimal", "aria-label": "Period in days", id: "period", size: "14",
      onchange: (event) => this.fold(Number(event.target.value)) });
    this.slider = el("input", { type: "range", min: "-1000", max: "1000", value: "0", "aria-label": "Fine change of the period", id: "slider",
      oninput: () => this.slide() });
    this.buttons = el("div", { css: "periods", role: "group", "aria-label": "Other periods" });
    return this.card("phase", "Folded", el("div", { css: "row" }, el("label", { for: "period" }, "Period [d]"), this.number, this.slider), this.buttons, this.phase.node);
  }
  periodogramCard() {
    const { el } = Dom;
    this.power = new Plot({ name: "Periodogram", xLabel: "period [d]", yLabel: "power", xLog: true, height: 220,
      onpick: (layer, index) => { if (layer.periods) this.fold(layer.periods[index]); } });
    this.power.node.hidden = true;
    this.which = el("select", { "aria-label": "Light curves of the periodogram" }, el("option", { value: "" }, "all light curves together"));
    this.draw = el("button", { type: "button", id: "draw-periodogram", onclick: () => this.periodogram() }, "Draw the periodogram");
    this.powerNote = el("p", { css: "small", role: "status" });
    return this.card("power", "Periodogram", el("div", { css: "row" }, this.draw, this.which), this.power.node, this.powerNote);
  }
  classCard() {
    const { el, number } = Dom, byParent = {};
    for (const one of this.facts.classes) (byParent[one.parent] = byParent[one.parent] || []).push(one);
    const tree = (parent) => {
      const children = (byParent[parent] || []).slice().sort((a, b) => (b.p || 0) - (a.p || 0));
      if (!children.length) return null;
      return el("ul", { css: parent === null ? "tree" : null }, children.map((one) => {
        const scores = Object.entries(one.scores).map(([name, value]) => `${name} ${number(value, 3)}`).join(", ");
        const bar = el("div", { css: "bar", role: "presentation" }, el("span", {}));
        bar.firstChild.style.width = `${100 * (one.p || 0)}%`;
        return el("li", {}, el("div", { css: one.set === "in" ? "in" : null, title: scores || null }, el("span", {}, one.label, " ", el("code", { css: "soft" }, one.tag)),
          bar, el("span", { css: "num" }, Dom.probability(one.p)), el("span", { css: "small" }, one.set ? `set: ${one.set}` : "")), tree(one.tag));
      }));
    };
    return this.card("classes", "Classes", el("p", { css: "small soft" }, "Probability of each class, a kind of the one above it, and its prediction set."), tree(null) || el("p", {}, "No classes."));
  }
  chooser(id, onchange) {
    const { el } = Dom;
    const best = this.facts.row.class || "";
    const select = el("select", { id, "aria-label": "Class", onchange }, this.facts.classes.map((one) =>
      el("option", { value: one.tag }, `${one.label} (${one.tag})`)));
    if (best) select.value = best;
    return select;
  }
  whyCard() {
    const { el } = Dom;
    this.whyBox = el("div", {});
    this.whyClass = this.chooser("why-class", () => this.why());
    return this.card("why", "Why this class", el("div", { css: "row" }, this.whyClass, el("button", { type: "button", id: "draw-why", onclick: () => this.why() }, "Show")), this.whyBox);
  }
  featureCard() {
    const { el } = Dom;
    this.featureBox = el("div", {});
    this.featureClass = this.chooser("feature-class", () => this.features());
    return this.card("features", "Features", el("div", { css: "row" }, this.featureClass, el("button", { type: "button", id: "draw-features", onclick: () => this.features() }, "Compare with the class")), this.featureBox);
  }
  neighbourCard() {
    const { el } = Dom;
    this.neighbourBox = el("div", {});
    return this.card("neighbours", "Most alike", el("button", { type: "button", id: "draw-neighbours", onclick: () => this.neighbours() }, "Find stars with like features"), this.neighbourBox);
  }
  curveCard() {
    const { el, number } = Dom;
    const names = ["_id", "filter", "field", "ccd", "quad", "n_epochs", "period", "log10_fap", "reason"];
    const rows = this.facts.curves.map((one) => el("tr", {}, names.map((name) => el("td", {}, name === "filter" ? bandOf(one[name])[0] : number(one[name] === undefined ? null : one[name])))));
    return this.card("rows", "Its light curves", el("div", { css: "scroll", tabindex: "0", role: "region", "aria-label": "Light curves of the star" },
      el("table", {}, el("thead", {}, el("tr", {}, names.map((name) => el("th", { scope: "col" }, name)))), el("tbody", {}, rows))));
  }
  matchCard() {
    const { el, number } = Dom;
    const inner = this.facts.crossmatch.flatMap((one) => [el("h3", {}, one.catalogue), el("dl", { css: "facts" }, one.values.flatMap((value) =>
      [el("dt", { title: value.text }, value.name), el("dd", {}, `${number(value.value)} ${value.unit}`)]))]);
    return this.card("matches", "Cross-matches", ...(inner.length ? inner : [el("p", {}, "None.")]));
  }
  sourceCard() { return this.card("source", "Where this is from", ...this.facts.provenance.map((text) => Dom.el("p", { css: "small" }, text))); }
  async load() {
    let found;
    try { found = await Api.get("curves", this.star); } catch (error) { this.rejected.textContent = error.message; return; }
    this.curves = found.curves;
    this.reasons = found.reasons;
    if (!this.curves.length) {
      this.rejected.textContent = "No light curves here: name the archive with --archive, or keep results/lightcurves.";
      return;
    }
    this.boxes();
    this.drawTime();
    this.fold(this.period || 1);
  }
  boxes() {
    const { el } = Dom;
    this.curves.forEach((one) => {
      const [name] = bandOf(one.filter), used = one.reason.filter((reason) => reason === null).length;
      this.shown[one.id] = true;
      this.bands.append(el("label", { css: name }, el("input", { type: "checkbox", checked: true, onchange: (event) => {
        this.shown[one.id] = event.target.checked; this.drawTime(); this.drawPhase(); } }), ` ${name} (${used})`));
      this.which.append(el("option", { value: one.id }, `${name} ${one.id}`));
    });
    const counts = {};
    for (const one of this.curves) for (const reason of one.reason) if (reason) counts[reason] = (counts[reason] || 0) + 1;
    const told = Object.entries(counts).map(([reason, n]) => `${n} ${reason.replaceAll("_", " ")} (${this.reasons[reason] || ""})`);
    const source = this.curves[0].source;
    this.rejected.textContent = `${source[0].toUpperCase()}${source.slice(1)}. ${told.length ? `Not used, drawn as crosses: ${told.join("; ")}.` : /^cleaned/.test(source) ? "Others were left out before." : "No point was left out."}`;
    const listed = this.facts.curves.length, here = this.curves.length;
    if (here < listed) this.rejected.textContent += ` Points of ${here} of its ${listed} light curves are at hand here.`;
  }
  parts(xOf) {
    const layers = [], all = [];
    for (const one of this.curves.filter((curve) => this.shown[curve.id])) {
      const [name, marker] = bandOf(one.filter);
      const make = (keep) => one.time.map((_, k) => k).filter((k) => (one.reason[k] === null) === keep);
      const good = make(true), bad = make(false);
      const take = (values, places) => places.map((k) => values[k]);
      const label = (places) => (k) => `${name} ${one.mag[places[k]].toFixed(3)} ± ${one.error[places[k]].toFixed(3)}${one.reason[places[k]] ? `, ${one.reason[places[k]]}` : ""}`;
      layers.push({ kind: "points", marker: "cross", colour: "--rest", x: bad.map((k) => xOf(one.time[k])), y: take(one.mag, bad), label: label(bad) });
      layers.push({ kind: "points", marker, colour: `--${name}`, x: good.map((k) => xOf(one.time[k])), y: take(one.mag, good), error: take(one.error, good), label: label(good) });
      all.push(...take(one.mag, good.length ? good : bad));
    }
    return [layers, all];
  }
  static span(values, share) {
    const sorted = values.slice().sort((a, b) => a - b);
    if (!sorted.length) return [0, 1];
    const low = sorted[Math.floor(share * (sorted.length - 1))], high = sorted[Math.ceil((1 - share) * (sorted.length - 1))];
    const margin = 0.12 * (high - low) || 0.1;
    return [low - margin, high + margin];
  }
  drawTime() {
    const [layers, mags] = this.parts((time) => time);
    const times = layers.flatMap((layer) => layer.x);
    this.time.show([...StarPage.span(times, 0), ...StarPage.span(mags, 0.002)], layers);
    this.time.say(`Light curves against time: ${mags.length} points of ${this.curves.length} light curves, magnitude ${mags.length ? Math.min(...mags).toFixed(2) : ""} to ${mags.length ? Math.max(...mags).toFixed(2) : ""}`);
  }
  fold(period) {
    if (!(period > 0 && Number.isFinite(period))) return;
    this.centre = this.period = period;
    this.slider.value = "0";
    this.number.value = period.toPrecision(9);
    this.offers();
    this.drawPhase();
  }
  slide() {
    // One cycle more or less over the whole light curve, at the ends of the slider.
    const times = (this.curves || []).flatMap((one) => one.time);
    const baseline = Math.max(...times) - Math.min(...times) || 1;
    this.period = 1 / (1 / this.centre + (2 * Number(this.slider.value) / 1000) / baseline);
    if (!(this.period > 0)) this.period = this.centre;
    this.number.value = this.period.toPrecision(9);
    this.drawPhase();
  }
  offers() {
    const { el } = Dom, own = this.facts.row.period;
    const offer = (name, value) => el("button", { type: "button", "aria-pressed": String(Math.abs(value / this.period - 1) < 1e-9), "data-period": name, onclick: () => this.fold(value) }, name);
    const found = own ? [["P", own], ["P/2", own / 2], ["2P", own * 2], ["3P", own * 3]] : [];
    this.peaks.forEach((peak, k) => found.push([`peak ${k + 1}: ${Dom.number(peak.period, 5)} d`, peak.period]));
    this.buttons.replaceChildren(...found.map(([name, value]) => offer(name, value)));
  }
  drawPhase() {
    if (!this.curves) return;
    const zero = Math.min(...this.curves.flatMap((one) => one.time));
    const [layers, mags] = this.parts((time) => ((time - zero) / this.period) % 1);
    const twice = layers.filter((layer) => layer.marker !== "cross").map((layer) => ({ ...layer, x: [...layer.x, ...layer.x.map((x) => x + 1)], y: [...layer.y, ...layer.y],
      error: [...layer.error, ...layer.error], label: (k) => layer.label(k % layer.x.length) }));
    this.phase.show([0, 2, ...StarPage.span(mags, 0.002)], twice);
    this.phase.say(`Light curves folded with a period of ${Dom.number(this.period)} days, two cycles`);
  }
  async waiting(button, box, action) {
    button.disabled = true;
    try { await action(); } catch (error) { box.replaceChildren(Dom.el("p", { css: "error", role: "alert" }, error.message)); }
    button.disabled = false;
  }
  async periodogram() {
    await this.waiting(this.draw, this.powerNote, async () => {
      this.powerNote.textContent = "Searching …";
      const found = await Api.get("periodogram", { ...this.star, only: this.which.value });
      const x = found.period.map(Math.log10), peaks = found.peaks;
      const top = Math.max(...found.power, 0.05) * 1.08;
      this.power.node.hidden = false;
      this.power.show([x[0], x[x.length - 1], 0, top], [{ kind: "line", x, y: found.power, colour: "--strong" },
        { kind: "points", x: peaks.map((peak) => Math.log10(peak.period)), y: peaks.map((peak) => peak.power), colour: "--bad", size: 4, periods: peaks.map((peak) => peak.period),
          label: (k) => `${Dom.number(peaks[k].period)} d, power ${Dom.number(peaks[k].power, 3)}` }]);
      this.power.say(`Periodogram; highest peaks at ${peaks.slice(0, 3).map((peak) => Dom.number(peak.period, 5)).join(", ")} days`);
      this.peaks = peaks;
      const together = !this.which.value && this.curves && this.curves.length > 1;
      const what = together ? "Joint likelihood of a sine wave in each light curve" : "Share of the variance that a sine wave explains";
      this.powerNote.textContent = `${what}; baseline ${Dom.number(found.baseline, 5)} d. Peaks can be chosen below the period.`;
      this.offers();
    });
  }
  async why() {
    await this.waiting(document.getElementById("draw-why"), this.whyBox, async () => {
      const { el, number } = Dom;
      const found = await Api.get("why", { ...this.star, class: this.whyClass.value });
      if (found.why) { this.whyBox.replaceChildren(el("p", {}, found.why)); return; }
      const most = Math.max(...found.rows.map((one) => Math.abs(one.share)));
      const rows = found.rows.map((one) => {
        const bar = el("div", { css: "bar", role: "presentation" }, el("span", {}));
        bar.firstChild.style.width = `${100 * Math.abs(one.share) / most}%`;
        bar.firstChild.style.background = one.share < 0 ? "var(--bad)" : "var(--good)";
        return el("tr", {}, el("th", { scope: "row", css: "text", title: one.text || null }, Dom.breakable(one.name)), el("td", {}, bar), el("td", {}, `${one.share > 0 ? "+" : ""}${number(one.share, 3)}`), el("td", {}, number(one.scaled, 3)));
      });
      this.whyBox.replaceChildren(el("p", { css: "small" }, `Trees: log-odds ${number(found.log_odds, 4)} = ${number(found.bias, 3)} for every star, and what each feature adds (Shapley values); the others together ${number(found.rest, 3)}. Score ${number(found.score, 3)}.`),
        el("div", { css: "scroll", tabindex: "0", role: "region", "aria-label": "Features that moved the score" }, el("table", {}, el("thead", {}, el("tr", {}, ["feature", "", "adds", "scaled value"].map((name) => el("th", { scope: "col", css: name === "feature" ? "text" : null }, name)))), el("tbody", {}, rows))));
    });
  }
  async features() {
    await this.waiting(document.getElementById("draw-features"), this.featureBox, async () => {
      const { el, number } = Dom;
      const found = await Api.get("features", { ...this.star, class: this.featureClass.value });
      const rows = found.features.map((one) => el("tr", {}, el("th", { scope: "row", css: "text", title: one.text || null }, Dom.breakable(one.name), " ", el("span", { css: "unit" }, one.unit)),
        el("td", {}, StarPage.strip(one)), el("td", {}, number(one.value, 4)), el("td", {}, number(one.members && one.members[2], 4)), el("td", {}, number(one.all && one.all[2], 4))));
      this.featureBox.replaceChildren(el("p", { css: "small" }, `Grey: 5 to 95 % of all rows; blue: 5 to 95 % of ${found.n_members} of the class; the upright mark: this light curve. Numbers are medians.`),
        el("div", { css: "scroll", tabindex: "0", role: "region", "aria-label": "Features" }, el("table", {}, el("thead", {}, el("tr", {}, ["feature", "range", "here", "class", "all"].map((name) => el("th", { scope: "col", css: name === "feature" ? "text" : null }, name)))), el("tbody", {}, rows))));
    });
  }
  static strip(one) {
    const { el } = Dom, all = one.all, members = one.members && one.members[0] !== null ? one.members : null;
    if (!all || all[0] === null || typeof one.value !== "number") return "";
    const low = Math.min(all[0], members ? members[0] : all[0]), high = Math.max(all[4], members ? members[4] : all[4]);
    const wide = (high - low) * 1.2 || 1, start = low - (wide - (high - low)) / 2;
    const place = (value) => Math.min(100, Math.max(0, 100 * (value - start) / wide));
    const strip = el("div", { css: "strip", role: "img", "aria-label": `${one.name} here ${Dom.number(one.value, 3)}, class ${members ? `${Dom.number(members[0], 3)} to ${Dom.number(members[4], 3)}` : "unknown"}` });
    const band = (from, to, css) => {
      const part = el("i", { css });
      part.style.left = `${place(from)}%`;
      part.style.width = `${place(to) - place(from)}%`;
      strip.append(part);
    };
    band(all[0], all[4], null);
    if (members) band(members[0], members[4], "class");
    const mark = el("b", {});
    mark.style.left = `${place(one.value)}%`;
    strip.append(mark);
    return strip;
  }
  async neighbours() {
    await this.waiting(document.getElementById("draw-neighbours"), this.neighbourBox, async () => {
      const { el, number } = Dom;
      const found = await Api.get("neighbours", this.star);
      if (found.why) { this.neighbourBox.replaceChildren(el("p", {}, found.why)); return; }
      const rows = found.rows.map((one) => el("tr", {}, el("td", { css: "text" }, el("a", { href: `#/star/${encodeURIComponent(this.star.target)}/${one.id}` }, one.id)), el("td", {}, number(one.distance, 3)), found.columns.map((name) => el("td", {}, number(one[name], 5)))));
      this.neighbourBox.replaceChildren(el("p", { css: "small" }, `Nearest by ${found.n_features} scaled features of the light curve.`), el("div", { css: "scroll", tabindex: "0", role: "region", "aria-label": "Stars most alike" },
        el("table", {}, el("thead", {}, el("tr", {}, ["star", "distance", ...found.columns].map((name) => el("th", { scope: "col", css: name === "star" ? "text" : null }, name)))), el("tbody", {}, rows))));
    });
  }
}
