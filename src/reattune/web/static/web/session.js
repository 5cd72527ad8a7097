// The session page with script: keys, forms at a turn without a reload, and where one is.
"use strict";

(() => {
  const KEYS_OFF = "reattune-keys-off"; // in this browser's own storage
  const said = document.getElementById("said");
  const help = document.getElementById("keys");
  const switched = document.getElementById("keys-on");
  const STAYS = 6000; // milliseconds that what happened stays to be read
  let fading = 0;
  let open = []; // first turns of the episodes that were open before a swap

  const turnOf = (element) => element?.closest?.(".turn");
  const flagged = () => [...document.querySelectorAll(".turn.flagged")].filter((turn) => turn.offsetParent);

  // The turn one is at: the focused one, else the one the address names, else none.
  const here = () =>
    turnOf(document.activeElement) ?? document.querySelector(".turn:target") ?? null;

  const step = (way) => walk.step(flagged(), here(), way);

  // What a key presses: in the flag that has the focus, else the first of this turn that offers it;
  // taking back begins with the latest word.
  function press(key) {
    const turn = here();
    if (!turn) return step(1);
    const within = document.activeElement.closest(".flag");
    const found = [...(within ?? turn).querySelectorAll(`[data-key="${key}"]`)];
    const latest = (button) => Number(button.closest(".flag").dataset.said ?? 0);
    if (key === "u") found.sort((a, b) => latest(b) - latest(a));
    found[0]?.click();
  }

  function show(key) {
    const turn = here();
    const link = turn?.querySelector(".who .open");
    if (link) load(link, key === "a" ? "[type=radio]" : "textarea");
  }

  // The turn again with its forms open, and the focus where it is wanted.
  function load(link, focus) {
    const place = link.closest(".turn, #notes");
    htmx.ajax("GET", link.href, { source: place, target: place, swap: "none" }).then(() => {
      const now = document.getElementById(place.id);
      const wanted = [focus, "[type=radio]:checked", "textarea", "[type=radio]"].filter(Boolean);
      const found = wanted.map((what) => now.querySelector(`[data-panel] ${what}`)).find(Boolean);
      found?.focus();
    });
  }

  function shut(panel) {
    const place = panel.closest(".turn, #notes");
    panel.remove();
    place.focus({ preventScroll: true });
  }

  const KEYS = {
    j: () => step(1),
    k: () => step(-1),
    c: () => press("c"),
    d: () => press("d"),
    r: () => press("r"),
    u: () => press("u"),
    a: () => show("a"),
    n: () => show("n"),
    "?": () => help.showModal(),
  };

  const off = () => localStorage.getItem(KEYS_OFF) === "1";
  const typing = (element) => element.matches("textarea, select, input:not([type=radio], [type=checkbox]), [contenteditable]");

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || help.open) return;
    const panel = event.target.closest("[data-panel]");
    if (event.key === "Escape" && panel) return shut(panel);
    if (off() || panel || typing(event.target) || !Object.hasOwn(KEYS, event.key)) return;
    event.preventDefault();
    KEYS[event.key]();
  });

  document.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    const link = event.target.closest("a.open, a.shut, [data-press]");
    if (!link) return;
    event.preventDefault();
    if (link.matches("a.open")) load(link);
    else if (link.matches("a.shut")) shut(link.closest("[data-panel]"));
    else KEYS[link.dataset.press]();
  });

  // A link to an episode opens it.
  function reveal() {
    const target = document.getElementById(location.hash.slice(1));
    if (target?.matches("details")) target.open = true;
  }
  window.addEventListener("hashchange", reveal);
  reveal();

  // The button that sent one of the shared forms says what it is about.
  document.body.addEventListener("htmx:configRequest", (event) => {
    const button = event.detail.triggeringEvent?.submitter;
    if (button?.name) event.detail.parameters[button.name] = button.value;
  });

  // After a swap: the focus back on the turn, open episodes open again.
  let back = null;
  document.body.addEventListener("htmx:beforeRequest", (event) => {
    const button = event.detail.requestConfig.triggeringEvent?.submitter;
    back = button ? (button.closest(".turn, #notes")?.id ?? null) : null;
    open = [...document.querySelectorAll(".episode[open]")].map((card) => card.dataset.first);
  });
  document.body.addEventListener("htmx:afterRequest", (event) => {
    if (!event.detail.successful) return trouble();
    for (const first of open) {
      const card = document.querySelector(`.episode[data-first="${first}"]`);
      if (card) card.open = true;
    }
    const place = back && document.getElementById(back);
    if (place && !place.querySelector("[data-panel] .error")) place.focus({ preventScroll: true });
    back = null;
    clearTimeout(fading);
    fading = setTimeout(() => said.replaceChildren(), STAYS);
  });

  // Signed out, or moved elsewhere meanwhile: the whole page says it better than a part of it.
  document.body.addEventListener("htmx:beforeOnLoad", (event) => {
    const { xhr, pathInfo } = event.detail;
    // A result that is ready waits until what is being written is kept or given up.
    if (xhr.getResponseHeader("HX-Refresh") && document.querySelector("[data-panel]")) return event.preventDefault();
    if (xhr.responseURL && new URL(xhr.responseURL).pathname !== new URL(pathInfo.requestPath, location.href).pathname) {
      event.preventDefault();
      location.reload();
    }
  });

  function trouble() {
    said.classList.add("trouble");
    said.textContent = said.dataset.trouble;
  }

  switched.checked = !off();
  switched.addEventListener("change", () => localStorage.setItem(KEYS_OFF, switched.checked ? "0" : "1"));
  for (const bar of document.querySelectorAll(".walk")) bar.hidden = false;
})();
