import assert from "node:assert/strict";
import { KeptDomains } from "../../../../examples/client/domain/kept.ts";
import { State } from "../../../../examples/client/state.ts";
import { recordedLog, temporaryFolder } from "../../../certificate/helpers.ts";

const ACCOUNT = {
  directory: "https://one.example/dir",
  key: "one",
  url: "https://one.example/acct/1",
};

Deno.test("KeptDomains keeps where an account is that was registered again, and tells that CAA records name another", async () => {
  await using folder = temporaryFolder();
  const kept = new KeptDomains(new State(folder.path));
  const log = recordedLog();
  await kept.saveAccount(ACCOUNT);
  await kept.noteRegistered(ACCOUNT, ACCOUNT.url, log);
  assert.equal(log.text(), "");
  await kept.noteRegistered(ACCOUNT, "https://one.example/acct/2", log);
  assert.equal((await kept.account())?.url, "https://one.example/acct/2");
  assert.match(log.text(), /^warn .*CAA records.*acct\/1.*acct\/2/);
});

Deno.test("KeptDomains leaves another account alone that came while one was registered again", async () => {
  await using folder = temporaryFolder();
  const kept = new KeptDomains(new State(folder.path));
  const other = {
    directory: "https://two.example/dir",
    key: "two",
    url: "https://two.example/acct/7",
  };
  await kept.saveAccount(other);
  await kept.noteRegistered(ACCOUNT, "https://one.example/acct/2", recordedLog());
  assert.deepEqual(await kept.account(), other);
});
