"use strict";
// The page of an exported selection: the table, the diagrams, and the stars or pictures, of what is embedded.
const Exported = {
  start() {
    this.data = JSON.parse(document.getElementById("data").textContent);
    Api.embedded = async (name, question) => {
      const star = this.data.stars[`${question.target}/${question.id}`];
      const found = star && star[name];
      if (!found) throw new Error("This is not in the exported page: ask the desk.");
      if (found.error) throw new Error(found.error);
      if (question.class !== undefined && found.class !== undefined && found.class !== question.class) throw new Error(`The exported page compares with ${found.class} only.`);
      return found;
    };
    this.main = document.getElementById("main");
    this.rows = this.data.rows;
    this.order = this.rows.target.map((_, k) => k);
    const { about } = this.data;
    document.getElementById("about").textContent = `${this.order.length} of ${Dom.count(about.total)} of ${about.targets.map((one) => one.name).join(", ")}${this.data.filter ? `: ${this.data.filter}` : ""}`;
    window.addEventListener("hashchange", () => this.show());
    return this.show();
  },
  async show() {
    try {
      const parts = location.hash.replace(/^#/, "").split("/").filter(Boolean).map(decodeURIComponent);
      const curves = this.data.curves || {};
      const named = parts[0] === "curve" ? (Object.hasOwn(curves, parts[1]) ? curves[parts[1]] : null) : parts[0] === "star" ? `${parts[1]}/${parts[2]}` : null;
      if (parts[0] === "curve" && !named) throw new Error(`No star of this page has the light curve ${parts[1]}.`);
      if (named) {
        const cut = named.lastIndexOf("/"), star = { target: named.slice(0, cut), id: named.slice(cut + 1) };
        const facts = await Api.get("star", star), stars = this.data.about.task === "variables";
        const page = stars ? new StarPage(facts, this.data.about, star) : new PicturePage(facts, this.data.about, star);
        if (stars) this.bare(page, named);
        document.title = `${page.facts.name} – ${this.data.title || "Stars"}`;
        window.scrollTo(0, 0);
        this.main.replaceChildren(page.node);
        await page.load();
      } else this.table();
    } catch (error) {
      this.main.replaceChildren(Dom.el("p", { css: "error", role: "alert" }, error.message));
    }
    document.documentElement.dataset.ready = "true";
  },
  // What is not in this page has no place in it.
  bare(page, named) {
    const cards = { power: "periodogram", why: "why", features: "features", neighbours: "neighbours" };
    for (const [id, name] of Object.entries(cards)) if (!this.data.stars[named][name]) page.node.querySelector(`#${id}`).remove();
    page.which.hidden = true;
  },
  // The stamps of a row, where its page has them.
  stamps(k) {
    const star = this.data.stars[`${this.rows.target[k]}/${this.rows._id[k]}`].star;
    return [...(star.posterior ? [{ layer: "posterior", ...star.posterior }] : []), ...star.stamps].map((one) => Dom.thumb(one));
  },
  address(k) { return `#/star/${encodeURIComponent(this.rows.target[k])}/${this.rows._id[k]}`; },
  table() {
    const { el } = Dom, figures = el("div", { css: "figures" });
    for (const diagram of this.data.about.diagrams) figures.append(this.figure(diagram));
    this.head = el("thead");
    this.body = el("tbody");
    this.fill();
    this.main.replaceChildren(figures, el("div", { css: "scroll", tabindex: "0", role: "region", "aria-label": `Table of ${this.data.about.noun}` }, el("table", { id: "stars" }, this.head, this.body)));
  },
  fill() {
    const { el } = Dom, names = this.data.shown, columns = Object.fromEntries(this.data.about.columns.map((one) => [one.name, one]));
    const css = (name) => (columns[name] && columns[name].kind === "text" ? "text" : null);
    const by = (name) => el("button", { type: "button", "data-sort": name, onclick: () => {
      this.falls = this.sort === name && !this.falls;
      this.sort = name;
      const values = this.rows[name], sign = this.falls ? -1 : 1;
      this.order.sort((a, b) => (values[a] === null) - (values[b] === null) || sign * (values[a] < values[b] ? -1 : values[a] > values[b] ? 1 : 0));
      this.fill();
    } }, name);
    const thumbs = this.data.about.stamps_in_table, what = this.data.about.task === "variables" ? "Star" : "Row";
    this.head.replaceChildren(el("tr", {}, el("th", { scope: "col", css: "text" }, this.data.about.task === "variables" ? "star" : "page"), thumbs ? el("th", { scope: "col", css: "text" }, "stamps") : null, names.map((name) => el("th", { scope: "col", css: css(name), "aria-sort": this.sort === name ? (this.falls ? "descending" : "ascending") : "none" }, by(name)))));
    this.body.replaceChildren(...this.order.map((k) => el("tr", {}, el("td", { css: "text" }, el("a", { href: this.address(k), "aria-label": `${what} ${this.rows._id[k]}` }, "open")), thumbs ? el("td", { css: "thumbs" }, this.stamps(k)) : null,
      names.map((name) => el("td", { css: css(name) || Dom.grade(this.data.about, name, this.rows[name][k]) }, Dom.value(columns[name] || { name, unit: "" }, this.rows[name][k]))))));
  },
  figure(diagram) {
    const { el } = Dom, columns = { sky: ["ra", "dec"], period_amplitude: ["log_period", "log_amplitude"] }[diagram.name];
    if (!columns || !columns.every((name) => this.rows[name])) return "";
    const places = this.order.filter((k) => columns.every((name) => this.rows[name][k] !== null));
    const x = places.map((k) => (diagram.name === "sky" ? ((this.rows.ra[k] - diagram.shift + 540) % 360) - 180 : this.rows[columns[0]][k]));
    const y = places.map((k) => this.rows[columns[1]][k]);
    const plot = new Plot({ name: `${diagram.title} of ${places.length} stars`, xLabel: diagram.x.label, yLabel: diagram.y.label, xLog: diagram.x.log, yLog: diagram.y.log,
      xFalls: diagram.x.falls, xShift: diagram.shift, xTurn: diagram.name === "sky" ? 360 : null, onpick: (layer, k) => { location.hash = this.address(places[k]); } });
    plot.show([...StarPage.span(x, 0), ...StarPage.span(y, 0)], [{ kind: "points", x, y, colour: "--strong", size: 3, label: (k) => String(this.rows._id[places[k]]) }]);
    return el("figure", {}, el("figcaption", {}, diagram.title), plot.node);
  },
};
Exported.start();
