"use strict";
const StarView = { async open(main) { main.replaceChildren(Dom.el("p", {}, "…")); } };
