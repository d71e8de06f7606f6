import { withDataPortOf } from "../config/processes.ts";
import type { Settings } from "../config/settings.ts";
import { listenTcp } from "../net/listen_tcp.ts";
import { fault, type Finding, ok } from "./finding.ts";

/** Checks, while no relay runs, that the ports which it will listen on can be had. */
export function checkPorts(settings: Settings): Finding[] {
  const { httpPort = 0 } = settings;
  const places: (readonly [name: string, host: string, port: number])[] = [
    ["hub", settings.hubHost, settings.hubPort],
    ...dataPorts(settings).map((port) => ["data", settings.dataHost, port] as const),
    ["control", settings.controlHost, settings.controlPort],
    ["pages", settings.pagesHost, settings.pagesPort],
    ["admin", settings.adminHost, settings.adminPort],
    ["http", settings.httpHost, httpPort],
  ];
  const wrong = places.filter(([, , port]) => port !== 0).flatMap((place) => problemOf(...place));
  return wrong.length > 0 ? wrong : [ok("ports", "are free")];
}

/** Each process of the relay has one. */
function dataPorts(settings: Settings): number[] {
  const all = Array.from({ length: settings.processes }, (_, i) => i + 1);
  return all.map((process) => withDataPortOf(settings, process).dataPort);
}

function problemOf(name: string, host: string, port: number): Finding[] {
  try {
    listenTcp(name, host, port).close();
    return [];
  } catch (error) {
    const { message, cause } = error as Error;
    // Whether the relay may take ports below 1024 is for its unit to say, not for who runs this.
    if (cause instanceof Deno.errors.PermissionDenied) return [];
    const [what = message, fix = "choose another port"] = message.split(/; (?=end|set)/);
    return [fault(name, what, fix)];
  }
}
