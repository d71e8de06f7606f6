import assert from "node:assert/strict";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { startRelay } from "./relay.ts";
import { apiOf, getCertificate, signingRequest, signUp } from "./user.ts";
import { glossond } from "./admin_command.ts";

// deno-lint-ignore no-explicit-any
type Document = any;

/** A schema, or a document with some, that takes no members but those that it names. */
function closed(part: Document): Document {
  if (Array.isArray(part)) return part.map(closed);
  if (typeof part !== "object" || part === null) return part;
  return {
    ...(part.type === "object" && { additionalProperties: false }),
    ...Object.fromEntries(Object.entries(part).map(([name, value]) => [name, closed(value)])),
  };
}

/** Checks answers against the document that the relay gives of itself, and that they have no more in them. */
class Contract {
  readonly #document: Document;
  readonly #ajv: Ajv2020;
  /** What has been seen: method, path and status. */
  readonly seen = new Set<string>();

  constructor(document: Document) {
    this.#document = closed(document);
    this.#ajv = new Ajv2020({ strict: false, allErrors: true });
    addFormats.default(this.#ajv);
    this.#ajv.addSchema(this.#document, "api");
  }

  /** Fails where an answer is not as the document has it. */
  check(
    method: string,
    path: string,
    answer: { status: number; headers: Headers; body: unknown },
  ): void {
    const where = `${method} ${path} ${answer.status}`;
    const { responses } = this.#document.paths[path][method.toLowerCase()];
    const response = responses[answer.status];
    assert.ok(response, `${where} is not documented`);
    this.seen.add(where);
    for (const name of Object.keys(response.headers ?? {})) {
      // A certificate that is ready needs no other time.
      if (where === "GET /v1/certificates/{id} 200") continue;
      assert.ok(answer.headers.has(name), `${where} has no ${name}`);
    }
    if (response.content === undefined) return;
    const type = answer.headers.get("Content-Type") ?? "";
    const schema = response.content[type]?.schema;
    assert.ok(schema, `${where} is of type ${type}`);
    const resolved = schema.$ref === undefined ? schema : { $ref: `api${schema.$ref}` };
    const isValid = this.#ajv.compile(resolved);
    assert.ok(isValid(answer.body), `${where}: ${JSON.stringify(isValid.errors)}`);
  }
}

Deno.test("the OpenAPI document is valid, and what the relay answers is as it says", async () => {
  await using relay = await startRelay({
    settings: { VERIFICATIONS_PER_CLAIM: "2", CERTIFICATES_PER_DAY: "2" },
  });
  const user = await signUp(relay, "kaylee");
  const api = apiOf(relay);
  using _client = api.client;
  const { body: document } = await api.request("GET", "/v1/openapi.json");
  const { valid, errors } = await new Validator().validate(structuredClone(document));
  assert.ok(valid, JSON.stringify(errors));
  // Clients are made from it: they have to take members that later relays add, as the relay takes theirs.
  assert.ok(!JSON.stringify(document).includes('"additionalProperties":false'));
  const contract = new Contract(document);

  async function ask(
    method: string,
    template: string,
    options: { token?: string; body?: unknown; path?: string } = {},
  ) {
    const answer = await api.request(method, options.path ?? template, options);
    contract.check(method, template, answer);
    return answer;
  }

  const { token } = user;
  await ask("GET", "/v1/relay");
  await ask("GET", "/v1/openapi.json");
  for (const body of [{}, { username: "A" }, { username: "relay" }, [], { username: "inara" }]) {
    await ask("POST", "/v1/claims", { body });
  }
  await ask("POST", "/v1/claims", { body: { username: "x".repeat(70_000) } });
  const verify = "/v1/claims/{claim}/verify";
  await ask("POST", verify, { path: "/v1/claims/none/verify" });
  const { claim } = (await ask("POST", "/v1/claims", { body: { username: "simon" } })).body;
  const path = `/v1/claims/${claim}/verify`;
  await Deno.writeTextFile(`${relay.biosDir}/simon.txt`, "no code");
  await ask("POST", verify, { path });
  await ask("POST", verify, { path });
  await ask("POST", verify, { path });

  for (const authorised of [{}, { token: "none" }, { token }]) {
    await ask("GET", "/v1/account", authorised);
    await ask("PATCH", "/v1/account", { ...authorised, body: { away: "at sea" } });
    await ask("POST", "/v1/certificates", { ...authorised, body: { csr: "none" } });
    await ask("GET", "/v1/certificates/{id}", { ...authorised, path: "/v1/certificates/none" });
    await ask("GET", "/v1/control", authorised);
  }
  await ask("PATCH", "/v1/account", { token, body: { offlinePage: 1 } });
  await getCertificate(relay, user);
  const { csr } = await signingRequest(user.hostname);
  const asked = await ask("POST", "/v1/certificates", { token, body: { csr } });
  const location = asked.headers.get("Location")!;
  await ask("GET", "/v1/certificates/{id}", { token, path: location });
  const { csr: again } = await signingRequest(user.hostname);
  await ask("POST", "/v1/certificates", { token, body: { csr: again } });
  await ask("GET", "/v1/account", { token });

  await glossond(relay.stateDir, "users", "block", "kaylee");
  await ask("GET", "/v1/account", { token });
  await ask("POST", "/v1/claims", { body: { username: "kaylee" } });
  await glossond(relay.stateDir, "users", "unblock", "kaylee");
  await ask("DELETE", "/v1/account", { token });
  await ask("DELETE", "/v1/account", { token });

  for (
    const where of [
      "POST /v1/claims 201",
      "POST /v1/claims 413",
      `POST ${verify} 409`,
      `POST ${verify} 429`,
      "POST /v1/certificates 202",
      "POST /v1/certificates 429",
      "GET /v1/certificates/{id} 200",
      "GET /v1/account 403",
      "GET /v1/control 426",
      "DELETE /v1/account 204",
    ]
  ) {
    assert.ok(contract.seen.has(where), `${where} was not seen: ${[...contract.seen].join(", ")}`);
  }
});
