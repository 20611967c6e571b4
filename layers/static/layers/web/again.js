// What could not be had is asked for again: soon, then less and less often, and at once when the network is back.

const [SOONEST, LATEST] = [4000, 60000]; // milliseconds

/** Answers with `missing(name)`, after which `ask(name)` is called some time later, once for each name. */
export function againMake(ask) {
  const missing = new Set();
  let pause = SOONEST;
  let failed = 0;
  let waiting;

  function retry() {
    clearTimeout(waiting);
    waiting = undefined;
    const names = [...missing];
    missing.clear();
    names.forEach((name) => ask(name));
  }

  addEventListener("online", retry);
  return (name) => {
    if (Date.now() - failed > 2 * LATEST) pause = SOONEST;
    failed = Date.now();
    missing.add(name);
    if (waiting) return;
    waiting = setTimeout(retry, pause * (1 + Math.random())); // not all phones in the same second
    pause = Math.min(2 * pause, LATEST);
  };
}
