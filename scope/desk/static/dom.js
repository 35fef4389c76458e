"use strict";
// Elements are made of text only: nothing that a product or a person wrote is ever parsed as HTML.
const Dom = {
  // The address of the table as it was left: filter, order and page.
  table: null,
  el(name, attributes, ...children) {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
      else if (key === "css") node.className = value;
      else if (key === "value" || key === "checked" || key === "disabled") node[key] = value;
      else node.setAttribute(key, value === true ? "" : value);
    }
    node.append(...children.flat().filter((one) => one !== null && one !== undefined));
    return node;
  },
  link(url, text) {
    // Only the web, and nothing of this page is told to the other side.
    const safe = /^https:\/\//.test(url) ? url : "#";
    return Dom.el("a", { href: safe, rel: "noreferrer noopener", target: "_blank" }, text);
  },
  number(value, digits) {
    if (value === null || value === undefined) return "–";
    if (typeof value !== "number") return String(value);
    if (Number.isInteger(value) && digits === undefined) return String(value);
    const size = Math.abs(value);
    if (size !== 0 && (size < 1e-4 || size >= 1e7)) return value.toExponential(3);
    return String(Number(value.toPrecision(digits || 7)));
  },
  // A number of a column, with as many digits as its kind has use for.
  value(column, value) {
    if (typeof value !== "number") return Dom.number(value);
    if (column.unit === "deg" || /^(ra|dec)$/.test(column.name)) return value.toFixed(6);
    if (/(^|_)h?m?jd$/.test(column.name)) return value.toFixed(5);
    if (column.unit === "mag" || column.name === "mag") return value.toFixed(3);
    if (column.likely) return Dom.probability(value);
    return Dom.number(value);
  },
  probability(value) {
    if (value === null || value === undefined) return "–";
    return value > 0 && value < 0.0005 ? "< .001" : value < 1 && value > 0.9995 ? "> .999" : value.toFixed(3);
  },
  // A long name, which may break behind its underscores.
  breakable(name) { return name.split(/(?<=_)/).flatMap((part, k) => (k ? [Dom.el("wbr"), part] : [part])); },
  // A small picture of a row: a stamp, or the posterior of its score from 0 to 1.
  thumb(one) {
    if (!one.density) return Dom.el("img", { alt: one.layer, title: one.layer, src: `data:image/jpeg;base64,${one.jpeg}` });
    const space = "http://www.w3.org/2000/svg", svg = document.createElementNS(space, "svg"), line = document.createElementNS(space, "polyline");
    const most = Math.max(...one.density, 1e-9), last = one.density.length - 1, words = `Posterior of the score, ${Dom.probability(one.above_half)} above one half`;
    line.setAttribute("points", one.density.map((value, k) => `${(100 * k / last).toFixed(1)},${(48 - 46 * value / most).toFixed(1)}`).join(" "));
    for (const [name, value] of Object.entries({ class: "posterior", viewBox: "0 0 100 50", role: "img", "aria-label": words })) svg.setAttribute(name, value);
    svg.append(line);
    return svg;
  },
  // Scores are green above .75, then gold above .5, orange above .25, else red.
  grade(about, name, value) {
    if (!(about.graded || []).includes(name) || typeof value !== "number") return null;
    return `grade ${value > 0.75 ? "high" : value > 0.5 ? "fair" : value > 0.25 ? "poor" : "low"}`;
  },
  count(value) { return value.toLocaleString("en"); },
  style(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  },
};

const Api = {
  embedded: null,
  async get(name, question) {
    if (Api.embedded) return Api.embedded(name, question || {});
    const url = `api/${name}?q=${encodeURIComponent(JSON.stringify(question || {}))}`;
    return Api.read(await fetch(url, { cache: "no-store" }));
  },
  async post(name, body) {
    const options = { method: "POST", body: JSON.stringify(body) };
    options.headers = { "Content-Type": "application/json" };
    return Api.read(await fetch(`api/${name}`, options));
  },
  async read(response) {
    let found;
    try { found = await response.json(); } catch { found = { error: `status ${response.status}` }; }
    if (!response.ok) throw new Error(found.error || `status ${response.status}`);
    return found;
  },
  url(name, question) {
    return `api/${name}?q=${encodeURIComponent(JSON.stringify(question))}`;
  },
};
