import { CLOSE } from "./messages.ts";

/** Close code of a data connection over WebSocket whose ticket is not good. */
export const TICKET_REFUSED = 4403;

/** Close code of one for which there is no room (IANA registry, try again later). */
export const TRY_AGAIN_LATER = 1013;

/** What each close code of the relay's WebSockets means, and what a client does about it. */
export const CLOSE_TEXTS: Readonly<Record<number, string>> = {
  1001: "the relay stops: come back, with growing pauses",
  [CLOSE.draining]:
    "the relay restarts, or another takes its place: come back when its message says",
  [TRY_AGAIN_LATER]: "the relay has no more room for data connections over WebSocket",
  [CLOSE.badMessage]: "the client said something that is no message of the protocol",
  [CLOSE.revoked]: "the token holds no more: the name was blocked, released or claimed anew",
  [TICKET_REFUSED]: "the ticket of a data connection was not, or no longer, good",
  [CLOSE.heartbeatMissed]: "the client answered no ping for 30 s",
  [CLOSE.replaced]: "another session of the same user took over",
};
