// Marking words to hide: selecting them in a passage puts them into the passage's own form.
"use strict";

const passageOf = (node) => {
  const element = node?.nodeType === Node.TEXT_NODE ? node.parentElement : node;
  return element?.closest?.(".words");
};

const take = () => {
  const selection = document.getSelection();
  if (!selection || selection.isCollapsed) return;
  const words = passageOf(selection.anchorNode);
  if (!words || words !== passageOf(selection.focusNode)) return;
  const range = selection.getRangeAt(0).cloneContents();
  for (const own of range.querySelectorAll("ins")) own.remove();
  const text = range.textContent.trim().replace(/\s+/g, " ");
  const details = words.parentElement.querySelector("details.by-hand");
  if (!text || !details) return;
  details.open = true;
  details.querySelector("input[name=words]").value = text;
};

document.addEventListener("mouseup", () => setTimeout(take));
document.addEventListener("touchend", () => setTimeout(take));
document.addEventListener("keyup", (event) => {
  if (event.shiftKey || event.key === "Shift") take();
});

// After a step the page opens at the passage it was in.
const here = location.hash.startsWith("#p") && document.getElementById(location.hash.slice(1));
if (here) here.focus({ preventScroll: true });
