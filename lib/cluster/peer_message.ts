import { z } from "zod";
import { isTicket } from "../wire/messages.ts";
import { isHost } from "../wire/server_name.ts";

const ticket = z.string().refine(isTicket);
const where = {
  dataHost: z.string().refine(isHost),
  dataPort: z.int().min(1).max(65_535),
};

/** What one relay sends another about a client at either of them. */
const peerMessage = z.object({
  /** The `boot` of the relay that sends it. */
  from: z.string(),
  username: z.string(),
  message: z.discriminatedUnion("type", [
    // To be passed on to the client as they are (PROTOCOL section 2).
    z.object({
      type: z.literal("connect"),
      ticket,
      visitor: z.object({ address: z.string(), port: z.int().min(0).max(65_535) }),
      expiresInMs: z.int().positive(),
      ...where,
    }),
    z.object({ type: z.literal("tickets"), tickets: z.array(ticket).max(64), ...where }),
    /** The client cannot serve the visitor of this `connect`. */
    z.object({ type: z.literal("refuse"), ticket }),
  ]),
});

/** A message between two relays. */
export type PeerMessage = z.infer<typeof peerMessage>;

/** Reads what another relay sent; undefined for what a newer one may say. */
export function readPeerMessage(text: string): PeerMessage | undefined {
  try {
    return peerMessage.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
