import type { Settings } from "../config/settings.ts";
import { listenTcp } from "../net/listen.ts";

/** The relay's TCP listeners, open but not yet served. */
export interface Listeners {
  hub: Deno.TcpListener;
  data: Deno.TcpListener;
  control: Deno.TcpListener;
  pages: Deno.TcpListener;
  http?: Deno.TcpListener;
}

/**
 * Opens the listeners: before anything else, since a port that is taken stops everything, and a
 * free one has to be known to the parts.
 *
 * @param onClose takes what closes each of them.
 * @throws {Error} when one cannot be opened; those opened by then are left to `onClose`.
 */
export function openListeners(
  settings: Settings,
  onClose: (close: () => void) => void,
): Listeners {
  function open(name: string, hostname: string, port: number): Deno.TcpListener {
    const listener = listenTcp(name, hostname, port);
    onClose(() => closeListener(listener));
    return listener;
  }
  return {
    hub: open("hub", settings.hubHost, settings.hubPort),
    data: open("data", settings.dataHost, settings.dataPort),
    control: open("control", settings.controlHost, settings.controlPort),
    pages: open("pages", settings.pagesHost, settings.pagesPort),
    ...(settings.httpPort !== undefined && {
      http: open("http", settings.httpHost, settings.httpPort),
    }),
  };
}

function closeListener(listener: Deno.TcpListener): void {
  try {
    listener.close();
  } catch {
    // Its server stopped it.
  }
}
