import { sleep } from "../../../lib/net/pause.ts";
import { latin1 } from "../../../lib/wire/latin1.ts";
import type { Behaviour, Trial } from "../behaviour.ts";
import { readAnswer, readRequestHead } from "../message.ts";
import type { Wire } from "../wire.ts";
import { handshake, SWITCH } from "./handshake.ts";

/** Upgrades, and does this with both ends. */
async function upgraded(
  trial: Trial,
  app: (wire: Wire) => Promise<void>,
  visit: (wire: Wire) => Promise<string>,
): Promise<string> {
  trial.app.play(async (wire) => {
    if (await readRequestHead(wire) === undefined) return;
    await wire.send(SWITCH);
    await app(wire);
  });
  const visitor = await trial.open();
  await visitor.send(handshake(trial));
  const answer = await readAnswer(visitor);
  if (answer?.status !== 101) return String(answer?.status ?? "closed");
  return await visit(visitor);
}

/** A WebSocket frame's head, final and binary, of this length. */
function frameHead(length: number): Uint8Array {
  const bytes = new Uint8Array(10);
  bytes.set([0x82, 127]);
  new DataView(bytes.buffer).setBigUint64(2, BigInt(length));
  return bytes;
}

const PIECE = 64 * 1024;
const MIB = 1024 * 1024;

/** More than the kernel's buffers of every connection on the way hold. */
const MUCH = 192 * MIB;

/** Sends frames of 64 KiB. */
async function sendMuch(wire: Wire): Promise<void> {
  for (let sent = 0; sent < MUCH; sent += PIECE) {
    await wire.send(frameHead(PIECE));
    await wire.send(new Uint8Array(PIECE));
  }
}

async function sendLarge(wire: Wire, length: number): Promise<void> {
  await wire.send(frameHead(length));
  const piece = new Uint8Array(MIB);
  for (let sent = 0; sent < length; sent += MIB) await wire.send(piece);
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / MIB)} MiB`;
}

/** Bytes on a connection that was upgraded. */
export const UPGRADED_ROWS: Behaviour[] = [
  {
    what: "first bytes behind the 101, and before it",
    rule: "RFC 9110 7.8: the new protocol begins right behind the heads",
    right: ["all"],
    async measure(trial) {
      let got = "";
      trial.app.play(async (wire) => {
        await readRequestHead(wire);
        await wire.send(SWITCH + "\x81\x05first");
        got = String.fromCharCode(...await wire.take(5));
        await wire.send("\x81\x04then");
        await wire.rest();
      });
      const visitor = await trial.open();
      await visitor.send(handshake(trial) + "early");
      const answer = await readAnswer(visitor);
      if (answer?.status !== 101) return String(answer?.status ?? "closed");
      const frames = String.fromCharCode(...await visitor.take(13));
      if (frames !== "\x81\x05first\x81\x04then") return "the app's are lost";
      return got === "early" ? "all" : "the visitor's are lost";
    },
  },
  {
    what: "close frames with every code from 1000 to 4999, both ways",
    rule: "RFC 6455 7.4: whatever was said is what arrives",
    right: ["4,000 codes"],
    measure: (trial) => {
      const codes = Array.from({ length: 4_000 }, (_, i) => 1_000 + i);
      // Pings, as far as the way is concerned: one connection serves for all of them.
      const frames = (mask: string): string =>
        codes.map((code) => `\x88${mask}${String.fromCharCode(code >> 8, code & 255)}`).join("");
      const [fromApp, fromVisitor] = [frames("\x02"), frames("\x82\0\0\0\0")];
      const came = Promise.withResolvers<string>();
      return upgraded(trial, async (wire) => {
        const [, got] = await Promise.all([wire.send(fromApp), wire.take(fromVisitor.length)]);
        came.resolve(latin1(got));
        await wire.rest();
      }, async (wire) => {
        const [, got] = await Promise.all([wire.send(fromVisitor), wire.take(fromApp.length)]);
        if (latin1(got) !== fromApp) return "altered to the visitor";
        return await came.promise === fromVisitor ? "4,000 codes" : "altered to the app";
      });
    },
  },
  {
    what: "the app resets an upgraded connection",
    rule: "RFC 6455 7.1.7: the visitor learns that it is over",
    right: ["over"],
    measure: (trial) =>
      upgraded(trial, async (wire) => {
        await wire.take(4);
        // Closed with bytes unread, which the kernel answers with a reset.
        wire.close();
      }, async (wire) => {
        await wire.send("seen" + "x".repeat(300_000)).catch(() => {});
        await wire.rest().catch(() => {});
        return "over";
      }),
  },
  {
    what: "the visitor's connection is reset within a WebSocket",
    rule: "RFC 6455 7.1.7: the app learns that it is over",
    right: ["over"],
    measure: (trial) => {
      const over = Promise.withResolvers<string>();
      return upgraded(trial, async (wire) => {
        await wire.send("last" + "x".repeat(300_000)).catch(() => {});
        await wire.rest().catch(() => {});
        over.resolve("over");
      }, async (wire) => {
        await wire.take(4);
        // As above.
        wire.close();
        return await over.promise;
      });
    },
  },
  {
    what: "the app ends a WebSocket without a close frame, after its last message",
    rule: "RFC 6455 7.1.1: the message arrives, then the end",
    right: ["message, then the end"],
    measure: (trial) =>
      upgraded(trial, async (wire) => {
        await wire.send("\x81\x03bye");
        wire.close();
      }, async (wire) => {
        const got = latin1(await wire.rest());
        return got === "\x81\x03bye" ? "message, then the end" : "the message is lost";
      }),
  },
  {
    what: "a close frame with code 4321 and a reason",
    rule: "RFC 6455 7.4.2: codes 4000 to 4999 are the app's, in both directions",
    right: ["both ways"],
    measure: (trial) => {
      const frame = "\x88\x07\x10\xe1hello";
      const masked = "\x88\x87\0\0\0\0\x10\xe1hello";
      return upgraded(trial, async (wire) => {
        if (String.fromCharCode(...await wire.take(masked.length)) !== masked) return;
        await wire.send(frame);
      }, async (wire) => {
        await wire.send(masked);
        const got = String.fromCharCode(...await wire.take(frame.length));
        if (got !== frame) return "altered";
        return (await wire.rest()).length === 0 ? "both ways" : "more bytes";
      });
    },
  },
  {
    what: "WebSocket, 192 MiB to a visitor that waits before it reads",
    rule: "all of it, and the app is held back in between",
    right: ["192 MiB, held back"],
    limitMs: 30_000,
    measure: (trial) =>
      upgraded(trial, async (wire) => {
        await sendMuch(wire);
        await wire.rest();
      }, async (wire) => {
        const app = trial.app.wires[0]!;
        // Until the app gets rid of nothing any more.
        let before = -1;
        while (app.sentBytes !== before) {
          before = app.sentBytes;
          await sleep(500);
        }
        const held = before < MUCH ? "held back" : "not held back";
        const length = (MUCH / PIECE) * (PIECE + 10);
        const came = await wire.skip(length);
        return `${mebibytes(came * MUCH / length)}, ${held}`;
      }),
  },
  {
    what: "WebSocket, a message of 65 MiB to the visitor",
    rule: "RFC 6455 5.2: a frame may have 2^63 bytes",
    right: ["65 MiB"],
    limitMs: 30_000,
    measure: (trial) =>
      upgraded(trial, async (wire) => {
        await sendLarge(wire, 65 * MIB);
        await wire.rest();
      }, async (wire) => mebibytes(await wire.skip(65 * MIB + 10))),
  },
  {
    what: "WebSocket, a message of 65 MiB to the app",
    rule: "RFC 6455 5.2: a frame may have 2^63 bytes",
    right: ["65 MiB"],
    limitMs: 30_000,
    measure: (trial) => {
      const came = Promise.withResolvers<number>();
      return upgraded(trial, async (wire) => {
        came.resolve(await wire.skip(65 * MIB + 10));
        await wire.rest();
      }, async (wire) => {
        await sendLarge(wire, 65 * MIB);
        return mebibytes(await came.promise);
      });
    },
  },
  {
    what: "the app ends its side of an upgraded connection",
    rule: "PROTOCOL section 3: an end of one side ends that side only",
    right: ["the other goes on"],
    allowed: ["both end"],
    measure: (trial) => {
      const late = Promise.withResolvers<string>();
      return upgraded(trial, async (wire) => {
        await wire.send("last");
        await wire.finish();
        late.resolve(String.fromCharCode(...await wire.take(4)));
      }, async (wire) => {
        if (String.fromCharCode(...await wire.rest()) !== "last") return "the last bytes are lost";
        await wire.send("more").catch(() => {});
        return await late.promise === "more" ? "the other goes on" : "both end";
      });
    },
  },
  {
    what: "the visitor ends its side of an upgraded connection",
    rule: "PROTOCOL section 3: an end of one side ends that side only",
    right: ["the other goes on"],
    allowed: ["both end"],
    measure: (trial) =>
      upgraded(trial, async (wire) => {
        const said = String.fromCharCode(...await wire.rest());
        await wire.send(`got ${said}`);
      }, async (wire) => {
        await wire.send("bye");
        await wire.finish();
        const answer = String.fromCharCode(...await wire.rest());
        return answer === "got bye" ? "the other goes on" : "both end";
      }),
  },
];
