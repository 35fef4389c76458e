"use strict";
// Label mode: one star after the other, a key for each class.
const LabelView = {
  async open(main, about) {
    const { el } = Dom;
    Object.assign(this, { main, about, skipped: [], history: [], star: null, busy: false });
    document.title = "Label – Desk";
    this.progress = el("p", { id: "progress", role: "status" });
    this.problem = el("p", { css: "error", role: "alert", id: "label-problem" });
    this.note = el("input", { id: "note", type: "text", maxlength: "500", placeholder: "note (optional)", "aria-label": "Note" });
    this.filter = el("input", { id: "label-filter", type: "text", css: "code", placeholder: `only ${about.noun} such as ${about.task === "variables" ? "period < 1" : "class_p < .9"}`, "aria-label": "Filter",
      onchange: () => this.next() });
    const button = (one) => el("button", { type: "button", "data-label": one.tag, "aria-keyshortcuts": one.key, onclick: () => this.say(one.tag) },
      one.key ? el("kbd", {}, one.key) : null, ` ${one.label}`);
    const keys = el("div", { css: "keys", role: "group", "aria-label": "Classes" }, about.labelling.classes.map(button));
    const more = el("div", { css: "row" }, el("button", { type: "button", id: "undo", "aria-keyshortcuts": about.labelling.undo, onclick: () => this.undo() }, el("kbd", {}, about.labelling.undo), " undo"),
      el("button", { type: "button", id: "skip", "aria-keyshortcuts": "s", onclick: () => this.skip() }, el("kbd", {}, "s"), " skip"), this.note,
      about.labelling.by_queries ? null : this.filter);
    this.page = el("div", {});
    main.replaceChildren(el("h2", {}, `Label as ${about.labelling.labeller}`), this.progress, keys, more, this.problem, this.page);
    const listen = (event) => this.key(event);
    document.addEventListener("keydown", listen);
    await this.next();
    return () => document.removeEventListener("keydown", listen);
  },
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
    const one = this.about.labelling.classes.find((each) => each.key === event.key);
    if (event.key === this.about.labelling.undo) this.undo();
    else if (event.key === "s") this.skip();
    else if (one) this.say(one.tag);
    else return;
    event.preventDefault();
  },
  async doing(action) {
    if (this.busy) return;
    this.busy = true;
    try { await action(); this.problem.textContent = ""; } catch (error) { this.problem.textContent = error.message; }
    this.busy = false;
  },
  say(tag) {
    const star = this.star;
    if (!star || !star.shown) return;
    return this.doing(async () => {
      // The next star is shown when the label is on the disk.
      await Api.post("label", { target: star.target, id: star.id, label: tag, note: this.note.value });
      this.history.push(star);
      this.note.value = "";
      await this.show();
    });
  },
  undo() {
    return this.doing(async () => {
      const star = this.history.at(-1);
      if (!star) throw new Error("Nothing of this visit to undo.");
      await Api.post("undo", { target: star.target, id: star.id });
      this.history.pop();
      await this.show(star);
    });
  },
  skip() {
    if (!this.star) return;
    this.skipped.push(this.star.id);
    return this.doing(() => this.show());
  },
  next() { return this.doing(() => this.show()); },
  async show(star) {
    const found = await Api.get("next", { filter: this.filter.value, skipped: this.skipped.slice(-500) });
    const left = found.queries ? ` of ${found.queries} asked for` : "";
    this.progress.textContent = `${found.done} labelled${left}`;
    const next = star || found.stars[0];
    if (!next) {
      this.star = null;
      this.page.replaceChildren(Dom.el("p", {}, "Nothing left to label."));
      return;
    }
    // Until its page is there, no key says anything of it; it can be skipped.
    const asked = { target: next.target, id: next.id, shown: false };
    this.star = asked;
    this.page.replaceChildren();
    delete this.page.dataset.star;
    const key = { target: next.target, id: next.id };
    const facts = await Api.get("star", key);
    const view = pageOf(facts, this.about, key);
    this.page.replaceChildren(next.reason ? Dom.el("p", { css: "soft small" }, `Asked for: ${next.reason}`) : "", view.node);
    this.page.dataset.star = next.id;
    asked.shown = true;
    // A label need not wait for the points.
    view.load();
  },
};
