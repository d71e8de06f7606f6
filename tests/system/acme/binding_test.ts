import assert from "node:assert/strict";
import { startAcmeDaemon } from "./daemon.ts";

const KID = "kid-of-the-operator";
/** 32 octets in base64url. */
const KEY = new Uint8Array(32).fill(7).toBase64({ alphabet: "base64url", omitPadding: true });
const OTHER_KEY = KEY.replace(/^./, "A");

Deno.test("an ACME server that binds to an account of its own: told when it is missing or wrong, then taken", async () => {
  await using daemon = await startAcmeDaemon({ externalAccounts: { [KID]: KEY } });
  const unbound = await daemon.logged("certificate order failed");
  assert.match(
    String(unbound.why),
    /wants an external account binding: .* set GLOSSOND_ACME_EAB_KID and ACME_EAB_HMAC_KEY/,
  );

  daemon.env.GLOSSOND_ACME_EAB_KID = KID;
  const secrets = daemon.env.GLOSSOND_SECRETS_FILE!;
  const others = await Deno.readTextFile(secrets);
  await daemon.restart(
    "SIGTERM",
    () => Deno.writeTextFile(secrets, `${others}ACME_EAB_HMAC_KEY=${OTHER_KEY}\n`),
  );
  const wrong = await daemon.logged("certificate order failed");
  assert.match(
    String(wrong.why),
    /does not take the account with this external account binding: .*; compare GLOSSOND_ACME_EAB_KID/,
  );

  await daemon.restart(
    "SIGTERM",
    () => Deno.writeTextFile(secrets, `${others}ACME_EAB_HMAC_KEY=${KEY}\n`),
  );
  await daemon.logged("certificate in use");
  const check = await daemon.glossond("cert", "check");
  assert.equal(check.code, 0, check.text);
  assert.ok(!JSON.stringify(daemon.lines).includes(KEY));
});
