/** Response header that names the page, so that the script knows when another one would be shown. */
export const PAGE_HEADER = "Glosson-Page";

/**
 * Script of the pages that pass: asks now and then whether the address has something else to show,
 * and loads that.
 *
 * Waits longer from try to try, not at all the same everywhere, and does not ask while nobody looks
 * at the page; it asks at once when somebody looks again, also after the page was kept aside for the
 * way back (bfcache), where timers stand still. It asks with HEAD, so that nothing flickers or is read
 * out again; after ten minutes it loads the page anyway, whose "3 hours ago" is stale by then. The
 * note says what changes, and it is a live region. It leaves nothing in the browser's storage: that
 * belongs to the user's own page at the same address.
 */
export const RETRY_SCRIPT = `
(() => {
  const shown = document.documentElement.dataset.page;
  const note = document.querySelector("[role=status]"), words = note.textContent;
  let delay = ["misdirected", "restarting"].includes(shown) ? 1000 : 4000;
  let timer, asking = false;
  function say(text) {
    if (note.textContent !== text) note.textContent = text;
  }
  function plan() {
    clearTimeout(timer);
    timer = setTimeout(ask, delay * (0.8 + 0.4 * Math.random()));
    delay = Math.min(delay * 1.5, 30000);
  }
  async function ask() {
    if (asking || document.hidden) return;
    asking = true;
    say(navigator.onLine ? words : note.dataset.offline);
    try {
      const answer = await fetch(location.pathname + location.search, {
        method: "HEAD", cache: "no-store", redirect: "manual", signal: AbortSignal.timeout(20000),
      });
      const found = answer.headers.get("${PAGE_HEADER}") !== shown;
      if (found) say(note.dataset.opening);
      if (found || performance.now() > 600000) location.reload();
    } catch {
      // Not reachable at all: the relay restarts, or this device is offline.
    }
    asking = false;
    plan();
  }
  for (const event of ["online", "offline", "pageshow"]) addEventListener(event, (e) => {
    if (event !== "pageshow" || e.persisted) ask();
  });
  document.addEventListener("visibilitychange", ask);
  plan();
})();
`;
