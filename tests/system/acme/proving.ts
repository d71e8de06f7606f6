import { freePort } from "../../../scripts/ports.ts";
import { type Glosson, type GlossonOptions, setUpGlosson } from "../../stories/glosson.ts";
import type { AcmeBench } from "./bench.ts";
import { BASE } from "./bench.ts";
import { type AcmeDaemon, type DaemonOptions, startAcmeDaemon } from "./daemon.ts";
import type { PowerDnsOptions } from "./servers.ts";
import { writeSets } from "./zone.ts";

/** A relay whose hub Pebble asks for TLS-ALPN-01 (RFC 8737), with kaylee set up at it by a client. */
export interface ProvingRelay extends AsyncDisposable {
  daemon: AcmeDaemon;
  glosson: Glosson;
  /** A folder of the test's own. */
  dir: string;
  /** PEM file to trust Pebble's own HTTPS by. */
  pebbleCa: string;
}

/** Starts it; names below the base domain lead to this machine. */
export async function startProvingRelay(
  { client, ...options }:
    & Pick<DaemonOptions<AcmeBench>, "settings">
    & Pick<GlossonOptions, "client">
    & { dns?: PowerDnsOptions } = {},
): Promise<ProvingRelay> {
  await using started = new AsyncDisposableStack();
  const tlsPort = freePort();
  const daemon = started.use(
    await startAcmeDaemon({
      ...{ ...options, tlsPort },
      prepare: ({ dns }) =>
        writeSets(dns, BASE, [BASE, "A", "127.0.0.1"], [`*.${BASE}`, "A", "127.0.0.1"]),
      settings: { HUB_PORT: String(tlsPort), ...options.settings },
    }),
  );
  const { it: { pebble, stateDir }, ports } = daemon;
  await daemon.logged("certificate in use");
  const dir = `${stateDir}/../test`;
  await Deno.mkdir(dir);
  const pebbleCa = `${dir}/pebble.pem`;
  await Deno.writeTextFile(pebbleCa, pebble.caPem);
  // The client dials this machine only where the relay's own name leads here too: in a mount namespace it does.
  await Deno.writeTextFile(`${dir}/hosts`, `127.0.0.1 localhost relay.${BASE}\n`);
  const inHosts = `mount --bind "${dir}/hosts" /etc/hosts && exec "$@"`;
  const glosson = started.use(
    await setUpGlosson(
      { ca: await pebble.root(), biosDir: daemon.biosDir, ports },
      "kaylee",
      {
        ...(client && { client }),
        url: `https://relay.${BASE}:${tlsPort}`,
        launcher: ["unshare", "--mount", "sh", "-c", inHosts, "sh"],
      },
    ),
  );
  const kept = started.move();
  return { daemon, glosson, dir, pebbleCa, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
