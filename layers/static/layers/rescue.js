"use strict";

// Where the scripts of the map do not arrive, the way to the data is shown instead, with a button to try again.
addEventListener("error", ({ target }) => target.type === "module" && document.body.classList.add("broken"), true);
addEventListener("click", ({ target }) => target.id === "again" && location.reload());
