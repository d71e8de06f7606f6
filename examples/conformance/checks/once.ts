/**
 * The checks, by what they look at.
 *
 * @module
 */
import { type Check, expect } from "../check.ts";

/** How much sooner than `Retry-After` a question may come, milliseconds: clocks are coarse. */
const SLACK_MS = 100;

/** Section 1: a name and a certificate. */
export const ONCE: Check[] = [
  {
    name: "claim",
    section: 1,
    needs: "setup",
    what: "shows a code, has the relay look for it again when it was not there, keeps the token",
    run({ setup, relay }) {
      expect(setup.code === 0, `setup ended with code ${setup.code}: ${setup.said.trim()}`);
      const { verified } = relay.api;
      expect(verified.at(-1) === true, "the code was never found in the file given for the bio");
      expect(
        verified.length <= 20,
        `the claim was verified ${verified.length} times; 20 are allowed`,
      );
    },
  },
  {
    name: "request",
    section: 1,
    needs: "setup",
    what: "sends a certificate request that names exactly its page, signed by a key that is good",
    run({ relay }) {
      const [first] = relay.api.certificates;
      expect(first !== undefined, "no certificate was asked for");
      expect(first.reason === undefined, `${first.reason}`);
    },
  },
  {
    name: "polling",
    section: 1,
    needs: "setup",
    what: "asks for its certificate again after as many seconds as `Retry-After` says",
    run({ relay }) {
      const { chain, askedAt } = relay.api.certificates[0] ?? { askedAt: [] };
      expect(chain !== undefined, "the certificate was never fetched");
      const pause = askedAt[1]! - askedAt[0]!;
      expect(pause >= 1_000 - SLACK_MS, `it was asked again after ${pause} ms, not after 1 s`);
    },
  },
];
