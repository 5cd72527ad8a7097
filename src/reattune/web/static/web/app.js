// Small conveniences that pages also do without.
"use strict";

// Ask before what cannot be undone: <form data-confirm="...">.
document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});

// Copy text: <button type="button" data-copy="#id">.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.querySelector(button.dataset.copy);
  navigator.clipboard.writeText(source.value ?? source.textContent).then(() => {
    button.textContent = button.dataset.copied || "✓";
  });
});
