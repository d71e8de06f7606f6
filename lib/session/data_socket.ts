import type { BinarySocket } from "../net/binary_socket.ts";
import type { Places } from "../net/places.ts";
import { type Schedule, scheduleTimeout } from "../net/schedule.ts";
import type { Log } from "../log.ts";
import { TICKET_REFUSED, TRY_AGAIN_LATER } from "../wire/closes.ts";
import { isTicket, TICKET_BYTES } from "../wire/messages.ts";
import { latin1 } from "../wire/latin1.ts";
import { PREFACE_TIMEOUT_MS } from "./data_port.ts";
import type { Redeem, Tickets } from "./tickets.ts";

/** Options for {@linkcode createDataSockets}. */
export interface DataSocketsOptions {
  tickets: Pick<Tickets<Redeem>, "take">;
  /** What a ticket stands for that is not good here; never rejects. @default nothing */
  elsewhere?: (ticket: string) => Promise<Redeem | undefined>;
  /** Places of such connections, shared out to the addresses that they come from. */
  places: Places;
  addressGroups: (address: string) => readonly string[];
  log: Log;
  /** Told of each refusal, by its reason. */
  onRefused?: (reason: "preface" | "ticket" | "timeout") => void;
  /** @default {scheduleTimeout} */
  schedule?: Schedule;
}

/**
 * Makes the handler of data connections over WebSocket (PROTOCOL section 5): reads the ticket and
 * hands the connection to whoever it stands for, or closes it with 4403.
 *
 * @returns a handler that settles once the connection, from `address`, is closed.
 */
export function createDataSockets(
  options: DataSocketsOptions,
): (socket: BinarySocket, address: string) => Promise<void> {
  const { tickets, elsewhere, places, addressGroups, log, onRefused = () => {} } = options;
  const { schedule = scheduleTimeout } = options;

  function refuse(socket: BinarySocket, reason: "preface" | "ticket" | "timeout"): void {
    onRefused(reason);
    log.debug("data connection refused", { reason, over: "WebSocket" });
    socket.closeWith(TICKET_REFUSED);
  }

  return async function onSocket(socket, address) {
    const place = places.take(...addressGroups(address));
    if (place === undefined) socket.closeWith(TRY_AGAIN_LATER);
    else await Promise.race([showTicket(socket), socket.closed]);
    await socket.closed;
    place?.leave();
  };

  async function showTicket(socket: BinarySocket): Promise<void> {
    let late = false;
    // Also over the answer from elsewhere: whoever waits has a place.
    const callOff = schedule(() => {
      late = true;
      refuse(socket, "timeout");
    }, PREFACE_TIMEOUT_MS);
    const found = await redeemOf(socket);
    callOff();
    if (late) return;
    if (typeof found === "string") refuse(socket, found);
    else found(socket);
  }

  /** What the ticket stands for that is shown, or why nothing. */
  async function redeemOf(socket: BinarySocket): Promise<Redeem | "preface" | "ticket"> {
    const message = await socket.readMessage(TICKET_BYTES);
    const ticket = message && latin1(message);
    if (ticket === undefined || !isTicket(ticket)) return "preface";
    return tickets.take(ticket) ?? await elsewhere?.(ticket) ?? "ticket";
  }
}
