import { apiApp } from "../../lib/api/api.ts";
import { createBodyReader } from "../../lib/api/body.ts";
import type { ApiBindings, ApiOptions } from "../../lib/api/services.ts";
import { createLog } from "../../lib/log.ts";

/** What a test does not expect to be asked for. */
export function never(): never {
  throw new Error("was not to be called");
}

/** What is asked for and is not there. */
export function nothing(): Promise<undefined> {
  return Promise.resolve(undefined);
}

/** The API over the services that a test gives, and no others; `ask` has it answer a request. */
export function testApi(options: Pick<ApiOptions, "accounts"> & Partial<ApiOptions>) {
  const app = apiApp({
    relay: {
      software: "glossond/test",
      protocol: 1,
      baseDomain: "test",
      controlUrl: "https://relay.test",
      publicPort: 443,
      dataHost: "relay.test",
      dataPort: 9000,
      features: [],
    },
    relayKeys: () => Promise.resolve([]),
    hostnameOf: (username) => `${username}.test`,
    isOnline: () => false,
    lastOnlineAt: nothing,
    claims: { create: never, verify: never },
    certificates: { submit: never, get: nothing, latest: nothing },
    domains: { of: () => Promise.resolve([]), put: never, remove: never },
    release: never,
    revoke: never,
    openControl: () => new Response(null, { status: 204 }),
    readBody: createBodyReader(),
    log: createLog({ write() {} }),
    ...options,
  });
  return {
    async ask(
      method: string,
      path: string,
      { token, body, headers }: { token: string; body?: unknown; headers?: HeadersInit },
    ): Promise<Response> {
      const request = new Request(`https://relay.test${path}`, {
        method,
        headers: { Authorization: `Bearer ${token}`, ...headers },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const bindings: ApiBindings = {
        source: { address: "192.0.2.7", port: 1 },
        transport: { lastHeardAt: 0, allowance: 0, keep() {}, endWithAnswer() {}, close() {} },
      };
      return await app.fetch(request, bindings);
    },
  };
}
