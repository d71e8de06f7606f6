import { answerHead, head, type Trial } from "../behaviour.ts";

/** A key that visitors send. */
export const KEY = "dGhlIHNhbXBsZSBub25jZQ==";

/** What fits {@linkcode KEY} (RFC 6455 section 1.3). */
export const ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/** An app that takes the upgrade. */
export const SWITCH = answerHead(
  "101 Switching Protocols",
  "Upgrade: websocket",
  "Connection: Upgrade",
  `Sec-WebSocket-Accept: ${ACCEPT}`,
  "Set-Cookie: ws=1",
  "X-App: yes",
);

/** A visitor that asks for a WebSocket. */
export function handshake(trial: Trial, ...fields: string[]): string {
  return head(
    trial,
    "GET /ws",
    "Upgrade: websocket",
    "Connection: keep-alive, Upgrade",
    `Sec-WebSocket-Key: ${KEY}`,
    "Sec-WebSocket-Version: 13",
    ...fields,
  );
}
