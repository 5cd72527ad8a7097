// The coding page with script: keys, and marks without a reload.
"use strict";

(() => {
  const KEYS_OFF = "reattune-keys-off"; // in this browser's own storage, as on the session page
  const said = document.getElementById("said");
  const help = document.getElementById("keys");
  const switched = document.getElementById("keys-on");
  const turns = () => [...document.querySelectorAll(".turn:has(.marking)")];
  const here = () => document.activeElement?.closest?.(".turn") ?? document.querySelector(".turn:target");

  const step = (way) => walk.step(turns(), here(), way);

  // What a key presses on this turn; the mark that was set last comes first for taking back.
  function press(key) {
    const turn = here();
    if (!turn) return step(1);
    const within = document.activeElement.closest(".flag");
    const found = [...(within ?? turn).querySelectorAll(`[data-key="${key}"]`)];
    found.at(-1)?.click();
  }

  const KEYS = {
    j: () => step(1),
    k: () => step(-1),
    w: () => press("1"),
    c: () => press("2"),
    r: () => press("3"),
    s: () => press("4"),
    "?": () => help.showModal(),
  };
  for (const key of ["1", "2", "3", "4", "m", "i", "u", "n"]) KEYS[key] = () => press(key);

  const off = () => localStorage.getItem(KEYS_OFF) === "1";
  const typing = (element) => element.matches("textarea, select, input:not([type=radio], [type=checkbox])");

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || help.open) return;
    const panel = event.target.closest("[data-panel]");
    if (event.key === "Escape" && panel) {
      const place = panel.closest(".turn");
      panel.remove();
      return place.focus({ preventScroll: true });
    }
    if (off() || panel || typing(event.target) || !Object.hasOwn(KEYS, event.key)) return;
    event.preventDefault();
    KEYS[event.key]();
  });

  document.addEventListener("click", (event) => {
    const pressed = event.target.closest("[data-press]");
    if (pressed) KEYS[pressed.dataset.press]();
  });

  // The button that sent the shared form says what it is about.
  document.body.addEventListener("htmx:configRequest", (event) => {
    const button = event.detail.triggeringEvent?.submitter;
    if (button?.name) event.detail.parameters[button.name] = button.value;
  });

  // After a swap the focus is back on the turn.
  let back = null;
  document.body.addEventListener("htmx:beforeRequest", (event) => {
    back = event.detail.requestConfig.triggeringEvent?.submitter?.closest(".turn")?.id ?? null;
  });
  document.body.addEventListener("htmx:afterRequest", (event) => {
    said.classList.toggle("trouble", !event.detail.successful);
    said.textContent = event.detail.successful ? "" : said.dataset.trouble;
    document.getElementById(back)?.focus({ preventScroll: true });
  });

  // Signed out, or the coding is over meanwhile: the whole page says it better than a part of it.
  document.body.addEventListener("htmx:beforeOnLoad", (event) => {
    const { xhr, pathInfo } = event.detail;
    if (xhr.responseURL && new URL(xhr.responseURL).pathname !== new URL(pathInfo.requestPath, location.href).pathname) {
      event.preventDefault();
      location.reload();
    }
  });

  switched.checked = !off();
  switched.addEventListener("change", () => localStorage.setItem(KEYS_OFF, switched.checked ? "0" : "1"));
  for (const part of document.querySelectorAll(".scripted")) part.hidden = false;

  // Where one goes on: in the form that is open, else at the turn that the address names. Only after
  // the page has loaded, as the browser itself goes to that turn then.
  function settle() {
    const panel = document.querySelector("[data-panel]");
    const first = panel?.querySelector("input:checked") ?? panel?.querySelector("input[type=radio]");
    const named = location.hash.startsWith("#t") ? document.getElementById(location.hash.slice(1)) : null;
    (first ?? named)?.focus({ preventScroll: !first });
  }
  window.addEventListener("load", () => setTimeout(settle));
})();
