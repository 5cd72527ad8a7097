// The talk's page with script: Ctrl+Enter sends, the focus follows the talk, and speaking if wanted.
"use strict";

(() => {
  const talk = document.getElementById("talk");
  const trouble = document.getElementById("trouble");
  const answer = () => document.getElementById("answer");
  const box = () => document.querySelector("#answer textarea");
  const Recognition = window.SpeechRecognition ?? window.webkitSpeechRecognition;
  let listening = null;
  let allowed = false;

  document.addEventListener("keydown", (event) => {
    const own = event.target.closest("#answer textarea");
    if (!own || event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
    event.preventDefault();
    own.form.requestSubmit(own.form.querySelector("[data-send]"));
  });

  // After a reply: earlier feedback is folded, the new line has the focus, the reply is in sight.
  function follow() {
    const lines = talk.querySelectorAll(".line.said");
    const open = [...talk.querySelectorAll(".feedback > details")];
    for (const one of open.slice(0, -1)) one.open = false;
    const replied = [...talk.querySelectorAll(".line.T.said")].at(-1);
    lines[lines.length - 1].focus({ preventScroll: true });
    replied?.scrollIntoView({ block: "start" });
  }

  document.body.addEventListener("htmx:afterSettle", (event) => {
    if (event.target === talk || event.detail.target === talk) follow();
    else if (event.detail.target?.id === "answer") box()?.focus();
  });

  document.body.addEventListener("htmx:beforeRequest", () => {
    listening?.stop();
    trouble.textContent = "";
  });
  for (const name of ["htmx:responseError", "htmx:sendError"])
    document.body.addEventListener(name, () => (trouble.textContent = trouble.dataset.trouble));

  // Signed out meanwhile: the whole page says it better than a part of it.
  document.body.addEventListener("htmx:beforeOnLoad", (event) => {
    const { xhr, pathInfo } = event.detail;
    if (xhr.responseURL && new URL(xhr.responseURL).pathname !== new URL(pathInfo.requestPath, location.href).pathname) {
      event.preventDefault();
      location.reload();
    }
  });

  // Speaking: hidden where the browser has none, and off until the learner turns it on.
  function prepare() {
    for (const keys of document.querySelectorAll(".keys")) keys.hidden = false;
    const speech = answer().querySelector(".speech");
    if (!speech || !Recognition) return;
    speech.hidden = false;
    speech.open = allowed;
    speech.querySelector("[data-speech-on]").checked = allowed;
    speech.querySelector("[data-speak]").hidden = !allowed;
  }

  function show(button, on, word) {
    button.dataset.start ??= button.textContent;
    button.setAttribute("aria-pressed", String(on));
    button.textContent = on ? button.dataset.stop : button.dataset.start;
    const heard = answer().querySelector("[data-heard]");
    if (heard) heard.textContent = word ? heard.dataset[word] : "";
  }

  function listen(button) {
    const recognition = new Recognition();
    let refused = false;
    recognition.lang = "en-US";
    recognition.continuous = true;
    recognition.addEventListener("result", (event) => {
      const field = box();
      for (const result of [...event.results].slice(event.resultIndex))
        if (result.isFinal && field)
          field.value = `${field.value.trimEnd()} ${result[0].transcript.trim()}`.trimStart();
    });
    recognition.addEventListener("error", () => (refused = true));
    recognition.addEventListener("end", () => {
      listening = null;
      show(button, false, refused ? "refused" : "");
    });
    listening = recognition;
    recognition.start();
    show(button, true, "listening");
  }

  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-speech-on]")) return;
    allowed = event.target.checked;
    if (!allowed) listening?.stop();
    answer().querySelector("[data-speak]").hidden = !allowed;
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-speak]");
    if (!button || !allowed) return;
    if (listening) listening.stop();
    else listen(button);
  });
  window.addEventListener("pagehide", () => listening?.abort());

  document.body.addEventListener("htmx:afterSettle", prepare);
  prepare();
  // The address names the reply that was sent last; the line after it is where one goes on.
  window.addEventListener("load", () =>
    setTimeout(() => {
      const named = location.hash.match(/^#r(\d+)$/);
      if (named) document.getElementById(`l${named[1]}`)?.focus({ preventScroll: true });
    }),
  );
})();
