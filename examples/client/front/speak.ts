import type { Schedule } from "../../../lib/net/schedule.ts";
import type { Connection } from "./connection.ts";
import { serveHttp1 } from "./http1_visitor.ts";
import { serveHttp2 } from "./http2_visitor.ts";
import type { VisitorLimits } from "./limits.ts";
import { linger } from "./linger.ts";
import type { SecureConnection } from "./tls_end.ts";
import type { Visit } from "./visit.ts";

/** How often a half-closed visit is looked at within its limit: it is kept to a part of that. */
const LOOKS = 4;

/** Speaks HTTP with a visitor whose handshake is done, and ends the visit behind it. Never rejects. */
export async function speak(
  secure: SecureConnection,
  visit: Visit,
  options: Omit<Connection, "visitor" | "onIdle" | "isLast">,
): Promise<void> {
  const { limits, schedule, log } = options;
  const conn = visit.pace.withinTls(secure.conn);
  visit.owns(conn);
  boundHalfClosed(visit, limits, schedule);
  visit.leave = () => {
    visit.isLast = true;
    if (!visit.idle) return;
    // TLS's word of the end first (RFC 8446 section 6.1).
    conn.closeWrite().catch(() => {});
    endSoon(visit, limits, schedule);
  };
  const connection: Connection = {
    ...options,
    isLast: () => visit.isLast,
    visitor: { address: visit.address, gone: visit.gone, serverName: secure.serverName },
    onIdle: (idle) => void (visit.idle = idle),
  };
  try {
    if (secure.isHttp2) {
      const { leave, onLast, ended } = serveHttp2(conn, connection);
      visit.leave = leave;
      visit.onLast = onLast;
      await ended;
    } else {
      await serveHttp1(conn, connection);
    }
  } catch (error) {
    log.debug("A visitor's connection broke", { error });
  } finally {
    // Also after a failure: the last words may say which.
    await linger(conn, connection);
    conn.close();
    endSoon(visit, limits, schedule);
  }
}

/** Ends a visit once what is on its way to the visitor has had time to get there: much of it may be held on this side. */
function endSoon(visit: Visit, { download, linger }: VisitorLimits, schedule: Schedule): void {
  if (visit.gone.aborted) return;
  const end = (): void => visit.end();
  let callOff = schedule(end, download);
  visit.passed.then(() => {
    callOff();
    if (!visit.gone.aborted) callOff = schedule(end, linger);
  });
  visit.gone.addEventListener("abort", () => callOff(), { once: true });
}

/** Ends a visit whose visitor has ended their side once nothing more is sent to them. */
function boundHalfClosed(visit: Visit, { halfClosed }: VisitorLimits, schedule: Schedule): void {
  visit.onHalfClosed = () => {
    const look = (): void => {
      silent = visit.movedAt === seen ? silent + 1 : 0;
      if (silent === LOOKS) return visit.end();
      seen = visit.movedAt;
      callOff = schedule(look, halfClosed / LOOKS);
    };
    let silent = 0;
    let seen = visit.movedAt;
    let callOff = schedule(look, halfClosed / LOOKS);
    visit.gone.addEventListener("abort", () => callOff(), { once: true });
  };
  if (visit.halfClosed) visit.onHalfClosed();
}
