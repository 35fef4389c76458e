"use strict";
const LabelView = { async open(main) { main.replaceChildren(Dom.el("p", {}, "…")); } };
