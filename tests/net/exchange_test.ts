import assert from "node:assert/strict";
import { Exchange } from "../../lib/net/exchange.ts";

/** A request, and a short word that asks nothing, by their bytes in a TLS record. */
const REQUEST = 100;
const PONG = 28;

/** An exchange behind a handshake, its greeting and a first answer. */
function answered(): Exchange {
  const exchange = new Exchange();
  exchange.came("backward", 3_000);
  exchange.came("forward", REQUEST);
  exchange.came("backward", 3_000);
  exchange.passed("backward");
  return exchange;
}

Deno.test("Exchange is over once what was asked is answered, to the last byte that was written", () => {
  const exchange = new Exchange();
  assert.equal(exchange.isOver, false, "what came before has asked");
  exchange.came("backward", 3_000);
  assert.equal(exchange.isOver, false, "the answer is being written");
  exchange.passed("backward");
  assert.equal(exchange.isOver, true);

  exchange.came("forward", REQUEST);
  exchange.passed("forward");
  assert.equal(exchange.isOver, false);
  for (const bytes of [500, 31, 31]) exchange.came("backward", bytes);
  exchange.passed("backward");
  assert.equal(exchange.isOver, false, "tickets and settings are no answer");
  exchange.came("backward", 3_000);
  // Asks the next while the answer is on its way.
  exchange.came("forward", REQUEST);
  exchange.passed("backward");
  assert.equal(exchange.isOver, false);
  exchange.came("backward", 1);
  exchange.passed("backward");
  assert.equal(exchange.isOver, true, "later ones may be short");
});

Deno.test("Exchange takes no short word for a question, but many of them", () => {
  const exchange = answered();
  exchange.came("forward", PONG);
  assert.equal(exchange.isOver, true);
  for (let i = 0; i < 2; i++) exchange.came("forward", PONG);
  assert.equal(exchange.isOver, false);
});
