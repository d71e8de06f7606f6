import assert from "node:assert/strict";
import type { Answers } from "../../lib/init/interview.ts";
import { nextSteps } from "../../lib/init/next_steps.ts";

const ANSWERS: Answers = {
  settings: { BASE_DOMAIN: "b.example" },
  secret: ["POWERDNS_API_KEY", "key"],
  front: "alone",
  apache: true,
};

Deno.test("what is left to do behind init comes in an order in which it can be done", () => {
  const text = nextSteps(ANSWERS);
  const at = (words: string): number => {
    assert.ok(text.includes(words), words);
    return text.indexOf(words);
  };
  // glossond cannot have the ports before Apache has left them.
  assert.ok(at("ports 80 and 443 to 127.0.0.1:8080 and 127.0.0.1:8443") < at("enable --now"));
  assert.ok(at("RemoteIPProxyProtocol On") < at("systemctl restart apache2"));
  assert.ok(at("export GLOSSOND_SETTINGS_FILE=") < at("glossond bio NAME"));
  assert.doesNotMatch(nextSteps({ ...ANSWERS, apache: false }), /apache/i);
  assert.doesNotMatch(
    nextSteps({ ...ANSWERS, settings: { GET_BIO_SCRIPT: "/opt/bio.py" } }),
    /get_bio\.py/,
  );
});
