import { type Browser, type BrowserContext, chromium } from "playwright-core";
import { must } from "../../scripts/run.ts";

/** How Debian's Chromium is started, besides where its home is. */
const ARGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-component-update",
  "--disable-sync",
];

/**
 * Starts Debian's Chromium with a new home.
 *
 * @param caFile an authority to trust besides its own.
 */
export async function openBrowser(home: string, caFile?: string): Promise<Browser> {
  if (caFile !== undefined) await trust(home, caFile);
  return await chromium.launch({
    ...options(home),
    args: [...ARGS, "--disable-background-networking"],
  });
}

/**
 * Starts Debian's Chromium as a person has it: with a profile that stays, in which web apps can be
 * installed and pushed to.
 *
 * @param args further switches.
 */
export async function openProfile(
  home: string,
  caFile: string,
  args: string[] = [],
): Promise<BrowserContext> {
  await trust(home, caFile);
  return await chromium.launchPersistentContext(`${home}/profile`, {
    ...options(home),
    args: [...ARGS, ...args],
    ignoreDefaultArgs: ["--disable-background-networking"],
  });
}

function options(home: string): { executablePath: string; env: Record<string, string> } {
  return { executablePath: "/usr/bin/chromium", env: { HOME: home, PATH: "/usr/bin:/bin" } };
}

/** Has a browser with this home trust an authority. */
async function trust(home: string, caFile: string): Promise<void> {
  const db = `${home}/.pki/nssdb`;
  await Deno.mkdir(db, { recursive: true });
  await must("certutil", ["-N", "-d", `sql:${db}`, "--empty-password"]);
  await must("certutil", ["-A", "-d", `sql:${db}`, "-t", "C,,", "-n", "glosson", "-i", caFile]);
}
