"use strict";
// The table of stars: filter, diagrams, columns, pages, export.
const TableView = {
  size: 100,
  async open(main, about, query) {
    this.about = about;
    this.state = this.stateOf(query);
    this.kinds = Object.fromEntries(about.columns.map((one) => [one.name, one]));
    main.replaceChildren(...this.frame());
    document.title = `${about.noun[0].toUpperCase()}${about.noun.slice(1)} – Desk`;
    this.base = {};
    await this.refresh(true);
  },
  stateOf(query) {
    let found = {};
    try { found = JSON.parse(query.get("s") || "{}"); } catch { found = {}; }
    return { filter: "", regions: [], sort: null, descending: false, offset: 0,
      columns: this.about.first, ...found };
  },
  keep() {
    Dom.table = `#/?s=${encodeURIComponent(JSON.stringify(this.state))}`;
    history.replaceState(null, "", Dom.table);
  },
  get question() { return { filter: this.state.filter, regions: this.state.regions }; },
  frame() {
    const { el } = Dom;
    this.input = el("input", { id: "filter", type: "text", value: this.state.filter, spellcheck: "false",
      autocomplete: "off", placeholder: this.about.task === "variables" ? "period < 1 and amplitude > .3" : "class_p < .9", "aria-describedby": "problem" });
    this.problem = el("p", { id: "problem", css: "error", role: "alert" });
    this.status = el("p", { id: "count", role: "status" });
    const form = el("form", { css: "filter", role: "search", onsubmit: (event) => {
      event.preventDefault();
      this.state.filter = this.input.value;
      this.state.offset = 0;
      this.refresh(true);
    } }, el("label", { for: "filter" }, "Filter"), this.input, el("button", { type: "submit" }, "Apply"),
    el("button", { type: "button", id: "clear", onclick: () => this.clear() }, "Clear all"));
    this.figures = el("div", { css: "figures" });
    this.plots = {};
    for (const diagram of this.about.diagrams) this.figures.append(this.figure(diagram));
    this.head = el("thead");
    this.body = el("tbody");
    const table = el("table", { id: "stars" }, el("caption", { css: "skip" }, "Stars"), this.head, this.body);
    this.pager = el("nav", { css: "row", "aria-label": "Pages of the table" });
    return [form, this.problem, this.help(), this.figures, el("div", { css: "row" }, this.status),
      el("div", { css: "row top" }, this.chooser(), this.exports()),
      el("div", { css: "scroll", tabindex: "0", role: "region", "aria-label": "Table of stars" }, table), this.pager];
  },
  help() {
    const { el } = Dom;
    const examples = this.about.task !== "variables" ? ["class_p < .6", "not reason is null", "class in ('real', 'QSO_LZ')"] : ["rrab_p > .9 and mag < 18", ".2 < period < .8 and amplitude > .3",
      "class in ('rrab', 'rrc')", "cone(266.4, -29, 30)", "not reason is null", "log10(period) > 1 or n_epochs >= 200"];
    return el("details", { css: "small" }, el("summary", {}, "How to filter"),
      el("p", {}, "Columns, numbers, 'texts', and or not, < <= > >= = !=, in (…), like '%a%', is null, + - * / ^, " +
        "abs sqrt log10 ln floor round mod min max, and cone(ra, dec, arcsec). Where a value is missing, no comparison holds."),
      el("p", {}, ...examples.flatMap((text) => [el("button", { type: "button", css: "code", onclick: () => {
        this.input.value = text; this.input.focus(); } }, text), " "])));
  },
  figure(diagram) {
    const { el } = Dom;
    const plot = new Plot({ name: diagram.title, xLabel: diagram.x.label, yLabel: diagram.y.label,
      xLog: diagram.x.log, yLog: diagram.y.log, xFalls: diagram.x.falls, xShift: diagram.shift,
      xTurn: diagram.name === "sky" ? 360 : null,
      onregion: (corners) => this.choose(diagram.name, corners),
      onpick: (layer, index) => { if (layer.ids) location.hash = `#/star/${encodeURIComponent(layer.targets[index])}/${layer.ids[index]}`; } });
    const draw = el("button", { type: "button", "aria-pressed": "false", onclick: () => {
      plot.drawing = !plot.drawing;
      draw.setAttribute("aria-pressed", String(plot.drawing));
      plot.canvas.style.cursor = plot.drawing ? "crosshair" : "";
    } }, "Draw a region");
    draw.setAttribute("aria-label", `Draw a region on: ${diagram.title}`);
    const drop = el("button", { type: "button", onclick: () => this.choose(diagram.name, null),
      "aria-label": `Remove the region on: ${diagram.title}` }, "Remove");
    drop.hidden = true;
    this.plots[diagram.name] = { plot, drop, draw };
    const region = this.state.regions.find((one) => one.diagram === diagram.name);
    plot.lasso = region ? region.corners : null;
    return el("figure", { id: `figure-${diagram.name}` }, el("figcaption", {}, diagram.title, draw, drop),
      plot.node, this.edges(diagram, plot));
  },
  // The same by keyboard: four numbers.
  edges(diagram, plot) {
    const { el } = Dom, inputs = [];
    const field = (text) => {
      const input = el("input", { type: "text", inputmode: "decimal", size: "7", "aria-label": `${diagram.title}: ${text}` });
      inputs.push(input);
      return el("label", { css: "small" }, `${text} `, input);
    };
    const read = (input, log, shift) => {
      const value = Number(input.value);
      return log ? Math.log10(value) : value - shift;
    };
    const form = el("form", { css: "row", onsubmit: (event) => {
      event.preventDefault();
      const [a, b] = [0, 1].map((k) => {
        let value = read(inputs[k], diagram.x.log, diagram.shift);
        if (diagram.name === "sky") value = ((value + 540) % 360 + 360) % 360 - 180;
        return value;
      });
      const [c, d] = [2, 3].map((k) => read(inputs[k], diagram.y.log, 0));
      const corners = [[a, c], [b, c], [b, d], [a, d]];
      if (!corners.flat().every(Number.isFinite)) { this.problem.textContent = "Four numbers are needed."; return; }
      plot.lasso = corners;
      this.choose(diagram.name, corners);
    } }, field("x from"), field("to"), field("y from"), field("to"), el("button", { type: "submit" }, "Choose"));
    return el("details", { css: "small" }, el("summary", {}, "Region by numbers"), form);
  },
  choose(name, corners) {
    this.state.regions = this.state.regions.filter((one) => one.diagram !== name);
    if (corners) this.state.regions.push({ diagram: name, corners });
    else this.plots[name].plot.lasso = null;
    this.state.offset = 0;
    this.refresh(true);
  },
  clear() {
    this.state = { ...this.state, filter: "", regions: [], offset: 0, sort: null, descending: false };
    this.input.value = "";
    for (const { plot } of Object.values(this.plots)) plot.lasso = null;
    this.refresh(true);
  },
  async refresh(figures) {
    const asked = (this.asked = (this.asked || 0) + 1);
    const start = performance.now();
    this.body.classList.add("busy");
    try {
      const { columns, sort, descending, offset } = this.state;
      const rows = await Api.get("rows", { ...this.question, columns, sort, descending, offset, limit: this.size });
      if (asked !== this.asked) return;
      this.problem.textContent = "";
      this.keep();
      this.fill(rows);
      if (this.about.stamps_in_table) this.drawStamps(rows.rows, asked);
      this.took = performance.now() - start;
      performance.mark("desk-rows");
      if (figures) await this.drawAll(asked);
      performance.mark("desk-figures");
    } catch (error) {
      if (asked === this.asked) this.problem.textContent = error.message;
    } finally {
      this.body.classList.remove("busy");
    }
  },
  async drawAll(asked) {
    const all = !this.state.filter && !this.state.regions.length;
    for (const diagram of this.about.diagrams) {
      const { plot } = this.plots[diagram.name];
      if (!this.base[diagram.name]) this.base[diagram.name] = await Api.get("diagram", { name: diagram.name });
      const found = all ? this.base[diagram.name] : await Api.get("diagram", { ...this.question, name: diagram.name });
      if (asked !== this.asked) return;
      const layers = all ? [] : [this.layer(this.base[diagram.name], "--rest")];
      layers.push(this.layer(found, "--strong"));
      plot.show(found.range, layers);
      plot.say(`${diagram.title}: ${diagram.y.label} against ${diagram.x.label} of ${Dom.count(this.count)} stars`);
    }
  },
  layer(found, colour) {
    if (found.counts) return { kind: "counts", range: found.range, bins: found.bins, data: found.counts, colour };
    const { x, y, id, target } = found.points;
    const layer = { kind: "points", x, y, ids: id, targets: target, colour, size: x.length > 800 ? 1.6 : 2.6 };
    if (colour === "--strong") layer.label = (k) => String(id[k]);
    return layer;
  },
  fill(found) {
    const { el } = Dom, { rows } = found, columns = this.state.columns;
    this.count = found.count;
    for (const [name, { drop }] of Object.entries(this.plots)) drop.hidden = !this.state.regions.some((one) => one.diagram === name);
    const what = this.about.noun;
    this.status.textContent = found.count === found.total ? `${Dom.count(found.total)} ${what}`
      : `${Dom.count(found.count)} of ${Dom.count(found.total)} ${what}`;
    this.head.replaceChildren(el("tr", {}, el("th", { scope: "col", css: "text" }, this.about.task === "variables" ? "star" : "page"), this.about.stamps_in_table ? el("th", { scope: "col", css: "text" }, "stamps") : null, columns.map((name) => this.heading(name))));
    const shown = [];
    for (let k = 0; k < rows.target.length; k++) {
      const id = rows._id ? rows._id[k] : rows.row[k];
      const name = `${this.about.task === "variables" ? "Star" : "Row"} ${id}`;
      shown.push(el("tr", {}, el("td", { css: "text" }, el("a", { href: `#/star/${encodeURIComponent(rows.target[k])}/${id}`,
        "aria-label": `${name} of ${rows.target[k]}` }, "open")), this.about.stamps_in_table ? el("td", { css: "thumbs" }) : null, columns.map((column) => this.cell(column, rows[column][k]))));
    }
    this.body.replaceChildren(...shown);
    this.pages();
  },
  // Small pictures in the rows; the table need not wait for them.
  async drawStamps(rows, asked) {
    const cells = [...this.body.querySelectorAll("td.thumbs")];
    try {
      const found = await Api.get("stamps", { ids: rows._id.map(String) });
      if (asked !== this.asked) return;
      cells.forEach((cell, k) => cell.replaceChildren(...(found[String(rows._id[k])] || []).map((one) => Dom.thumb(one))));
    } catch (error) { this.problem.textContent = error.message; }
  },
  heading(name) {
    const { el } = Dom, about = this.kinds[name] || { kind: "number", unit: "", text: "" };
    const here = this.state.sort === name;
    const order = here ? (this.state.descending ? "descending" : "ascending") : "none";
    return el("th", { scope: "col", "aria-sort": order, css: about.kind === "text" ? "text" : null, title: about.text || null },
      el("button", { type: "button", "data-sort": name, onclick: () => {
        this.state.descending = here ? !this.state.descending : about.kind === "number" && Boolean(about.likely);
        this.state.sort = name;
        this.state.offset = 0;
        this.refresh(false).then(() => this.head.querySelector(`[data-sort="${CSS.escape(name)}"]`).focus());
      } }, name, here ? (this.state.descending ? " ↓" : " ↑") : ""), about.unit ? el("div", { css: "unit" }, about.unit) : null);
  },
  cell(name, value) {
    const column = this.kinds[name] || { name, unit: "" };
    return Dom.el("td", { css: column.kind === "text" ? "text" : Dom.grade(this.about, name, value) }, Dom.value(column, value));
  },
  pages() {
    const { el } = Dom, pages = Math.max(1, Math.ceil(this.count / this.size)), here = Math.floor(this.state.offset / this.size) + 1;
    const go = (page) => { this.state.offset = (Math.min(Math.max(1, page), pages) - 1) * this.size; this.refresh(false); };
    const button = (text, name, page, able) => el("button", { type: "button", "aria-label": name, disabled: !able, onclick: () => go(page) }, text);
    const input = el("input", { type: "number", min: "1", max: String(pages), value: String(here), "aria-label": "Page",
      onchange: (event) => go(Math.round(Number(event.target.value)) || 1) });
    this.pager.replaceChildren(button("First", "First page", 1, here > 1), button("Previous", "Previous page", here - 1, here > 1),
      input, el("span", {}, `of ${Dom.count(pages)}`), button("Next", "Next page", here + 1, here < pages), button("Last", "Last page", pages, here < pages));
  },
  chooser() {
    const { el } = Dom;
    const box = el("div", { css: "columns" });
    const draw = (part) => box.replaceChildren(...this.about.columns.filter((one) => one.name.toLowerCase().includes(part))
      .map((one) => el("label", { title: one.text || null }, el("input", { type: "checkbox", checked: this.state.columns.includes(one.name),
        onchange: (event) => {
          const rest = this.state.columns.filter((name) => name !== one.name);
          this.state.columns = event.target.checked ? [...rest, one.name] : rest;
          this.refresh(false);
        } }), ` ${one.name}`)));
    const search = el("input", { type: "search", placeholder: "find a column", "aria-label": "Find a column",
      oninput: (event) => draw(event.target.value.toLowerCase()) });
    draw("");
    return el("details", { id: "columns" }, el("summary", {}, "Columns"), search, box);
  },
  exports() {
    const { el } = Dom;
    const button = (text, format, name, api = "export") => el("button", { type: "button", "data-export": format, "aria-label": name, onclick: async () => {
      try {
        const { columns, sort, descending } = this.state;
        const response = await fetch(Api.url(api, { ...this.question, format, columns, sort, descending }));
        if (!response.ok) throw new Error((await response.json()).error);
        const link = el("a", { href: URL.createObjectURL(await response.blob()),
          download: /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition"))[1] });
        link.click();
        URL.revokeObjectURL(link.href);
      } catch (error) { this.problem.textContent = error.message; }
    } }, text);
    return el("div", { css: "row", role: "group", "aria-label": "Export what is selected" }, "Export:",
      button("CSV", "csv", "Export the selection as CSV"), button("VOTable", "votable", "Export the selection as VOTable"),
      ...(this.about.task !== "variables" ? [] : [button("ids", "ids", "Export the ids of the selection for run-scope-local"),
      button("page", "page", "Export the selection as one page that works from a file", "page")]));
  },
};
