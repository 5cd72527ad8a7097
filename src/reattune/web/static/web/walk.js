// Going from turn to turn by keys: on the session page and on the page of a coding.
"use strict";

const walk = {
  goTo(turn) {
    turn.focus({ preventScroll: true });
    turn.scrollIntoView({ block: "center" });
  },

  // To the next (1) or previous (-1) of these turns, from one of them or from what is in sight.
  step(turns, from, way) {
    const passed = (turn) =>
      from
        ? Boolean(from.compareDocumentPosition(turn) & Node.DOCUMENT_POSITION_FOLLOWING)
        : turn.getBoundingClientRect().top > 80;
    const next = way > 0 ? turns.find(passed) : turns.filter((turn) => turn !== from && !passed(turn)).at(-1);
    if (next) walk.goTo(next);
  },
};
