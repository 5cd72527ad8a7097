// A client's page that the browser kept is asked for anew, so that "back" shows nothing.
"use strict";
window.addEventListener("pageshow", (event) => {
  if (event.persisted) window.location.reload();
});
