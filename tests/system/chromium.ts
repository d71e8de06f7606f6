import { type Browser, chromium } from "playwright-core";
import { must } from "../../scripts/run.ts";

/** Starts Debian's Chromium with a new profile that trusts this authority besides its own. */
export async function openBrowser(home: string, caFile: string): Promise<Browser> {
  const db = `${home}/.pki/nssdb`;
  await Deno.mkdir(db, { recursive: true });
  await must("certutil", ["-N", "-d", `sql:${db}`, "--empty-password"]);
  await must("certutil", ["-A", "-d", `sql:${db}`, "-t", "C,,", "-n", "glosson", "-i", caFile]);
  return await chromium.launch({
    executablePath: "/usr/bin/chromium",
    env: { HOME: home, PATH: "/usr/bin:/bin" },
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
