"use strict";
// Which page the address means.
const Pages = {
  async start() {
    this.main = document.getElementById("main");
    try {
      this.about = await Api.get("about");
    } catch (error) {
      this.main.replaceChildren(Dom.el("p", { css: "error", role: "alert" }, error.message));
      return;
    }
    document.getElementById("about").textContent = this.about.targets.map((one) => one.name).join(", ");
    document.getElementById("to-table").textContent = this.about.noun[0].toUpperCase() + this.about.noun.slice(1);
    document.getElementById("to-label").hidden = !this.about.labelling;
    TableView.about = this.about;
    window.addEventListener("hashchange", () => this.show());
    await this.show();
    document.documentElement.dataset.ready = "true";
  },
  async show() {
    const [path, query] = location.hash.replace(/^#/, "").split("?");
    const parts = path.split("/").filter(Boolean).map(decodeURIComponent);
    if (path && !path.startsWith("/")) return;
    const search = new URLSearchParams(query || "");
    if (this.leave) this.leave();
    // A page that is opened from far down a table begins at its top.
    if (path !== this.path) window.scrollTo(0, 0);
    this.path = path;
    this.leave = null;
    try {
      if (parts[0] === "star" && parts.length === 3) await StarView.open(this.main, this.about, parts[1], parts[2]);
      else if (parts[0] === "label" && this.about.labelling) this.leave = await LabelView.open(this.main, this.about);
      else await TableView.open(this.main, this.about, search);
    } catch (error) {
      this.main.replaceChildren(Dom.el("p", { css: "error", role: "alert" }, error.message));
    }
    document.documentElement.dataset.shown = location.hash || "#/";
  },
};
Pages.start();
