import {
  answerHead,
  type Behaviour,
  exchange,
  head,
  lastAnswer,
  unlessRefused,
} from "../behaviour.ts";
import { readAnswer, readRequestHead, valueOf, valuesOf } from "../message.ts";
import { ACCEPT, handshake, KEY, SWITCH } from "./handshake.ts";

/** An answer to an upgrade that is a refusal, which the visitor has to get as it was said. */
function refusal(status: string, ...fields: string[]): Behaviour {
  const body = "go away\n";
  return {
    what: `an upgrade answered ${status}`,
    rule: "RFC 6455 4.1: the visitor needs the app's own answer",
    right: ["as said"],
    async measure(trial) {
      const { answer } = await exchange(
        trial,
        handshake(trial),
        lastAnswer(answerHead(status, ...fields, `Content-Length: ${body.length}`) + body),
      );
      if (answer?.status !== Number(status.slice(0, 3))) return String(answer?.status ?? "closed");
      const kept = fields.every((field) => {
        const [name = "", value] = field.split(": ");
        return valueOf(answer, name) === value;
      });
      return kept && answer.body === body ? "as said" : "altered";
    },
  };
}

/** Upgrades to WebSocket and others. */
export const UPGRADE_ROWS: Behaviour[] = [
  {
    what: "101 with Set-Cookie and a field of the app's own",
    rule: "RFC 9110 7.8: an answer like others, with all its fields",
    right: ["as said"],
    async measure(trial) {
      trial.app.play(async (wire) => {
        await readRequestHead(wire);
        await wire.send(SWITCH);
        await wire.rest();
      });
      const visitor = await trial.open();
      await visitor.send(handshake(trial));
      const answer = await readAnswer(visitor);
      if (answer?.status !== 101) return String(answer?.status ?? "closed");
      const kept = valueOf(answer, "set-cookie") === "ws=1" && valueOf(answer, "x-app") === "yes" &&
        valueOf(answer, "sec-websocket-accept") === ACCEPT;
      return kept ? "as said" : "fields are missing";
    },
  },
  refusal("401 Unauthorized", "WWW-Authenticate: Basic realm=x"),
  refusal("403 Forbidden", "X-Why: origin"),
  refusal("302 Found", "Location: /login"),
  refusal("426 Upgrade Required", "Sec-WebSocket-Version: 8, 13"),
  refusal("503 Service Unavailable", "Retry-After: 5"),
  {
    what: "an upgrade that the app does not take, 200",
    rule: "RFC 9110 7.8: an app may ignore it",
    right: ["ok"],
    async measure(trial) {
      const { answer } = await exchange(trial, handshake(trial));
      return unlessRefused(answer, () => answer!.body);
    },
  },
  {
    what: "the visitor's fields in an upgrade",
    rule: "RFC 6455 4.1: extensions, protocols, User-Agent and Origin are the visitor's",
    right: ["as sent"],
    async measure(trial) {
      const fields = [
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x-own; a=1",
        "Sec-WebSocket-Protocol: chat.v2, chat.v1",
        "User-Agent: visitor/1",
        `Origin: https://${trial.host}`,
        `Sec-WebSocket-Key: ${KEY}`,
        "Cookie: a=1; b=2",
      ];
      const { request } = await exchange(
        trial,
        handshake(trial, ...fields.filter((field) => !field.startsWith("Sec-WebSocket-Key"))),
        lastAnswer(answerHead("403 No", "Content-Length: 0")),
      );
      if (request === undefined) return "closed";
      const altered = fields.find((field) => {
        const at = field.indexOf(": ");
        return valuesOf(request, field.slice(0, at)).join() !== field.slice(at + 2);
      });
      return altered === undefined ? "as sent" : `altered: ${altered.split(":")[0]}`;
    },
  },
  {
    what: "an upgrade to a protocol of the app's own",
    rule: "RFC 9110 7.8: a proxy splices what it does not know",
    right: ["spliced"],
    allowed: ["not passed on"],
    async measure(trial) {
      trial.app.play(async (wire) => {
        const request = await readRequestHead(wire);
        if (request === undefined) return;
        if (valueOf(request, "upgrade") !== "tunnel/1") {
          await wire.send(answerHead("200 OK", "Content-Length: 0"));
          return;
        }
        await wire.send(answerHead("101 OK", "Upgrade: tunnel/1", "Connection: Upgrade"));
        await wire.send(await wire.take(4));
        await wire.rest();
      });
      const visitor = await trial.open();
      await visitor.send(head(trial, "GET /u", "Upgrade: tunnel/1", "Connection: Upgrade"));
      const answer = await readAnswer(visitor);
      if (answer?.status !== 101) return "not passed on";
      await visitor.send("ping");
      return String.fromCharCode(...await visitor.take(4)) === "ping" ? "spliced" : "no bytes";
    },
  },
];
