/** Response header that names the page, so that the script knows when another one would be shown. */
export const PAGE_HEADER = "Glosson-Page";

/**
 * Script of the pages that pass: asks now and then whether the address has something else to show,
 * and loads that.
 *
 * Waits longer from try to try, not at all the same everywhere, and does not ask while nobody looks
 * at the page. It asks with HEAD, so that nothing flickers or is read out again; after ten minutes
 * it loads the page anyway, whose "3 hours ago" is stale by then. It leaves nothing in the
 * browser's storage: that belongs to the user's own page at the same address.
 */
export const RETRY_SCRIPT = `
(() => {
  const shown = document.documentElement.dataset.page;
  let delay = ["misdirected", "restarting"].includes(shown) ? 1000 : 4000;
  let timer, asking = false;
  function plan() {
    clearTimeout(timer);
    timer = setTimeout(ask, delay * (0.8 + 0.4 * Math.random()));
    delay = Math.min(delay * 1.5, 30000);
  }
  async function ask() {
    if (asking || document.hidden) return;
    asking = true;
    try {
      const answer = await fetch(location.pathname + location.search, {
        method: "HEAD", cache: "no-store", redirect: "manual", signal: AbortSignal.timeout(20000),
      });
      if (answer.headers.get("${PAGE_HEADER}") !== shown || performance.now() > 600000) {
        location.reload();
      }
    } catch {
      // Not reachable at all: the relay restarts, or this device is offline.
    }
    asking = false;
    plan();
  }
  addEventListener("online", ask);
  document.addEventListener("visibilitychange", ask);
  plan();
})();
`;
