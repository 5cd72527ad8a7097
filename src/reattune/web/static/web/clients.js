// A hint, never a block: two or three capitalized words look like somebody's real name.
"use strict";

for (const input of document.querySelectorAll("[data-pseudonym]")) {
  const hint = document.querySelector(input.dataset.pseudonym);
  const look = () => {
    const words = input.value.trim().split(/\s+/);
    const named = words.every((word) => /^\p{Lu}[\p{L}'’-]*$/u.test(word));
    hint.hidden = !(named && words.length >= 2 && words.length <= 3);
  };
  input.addEventListener("input", look);
  look();
}
