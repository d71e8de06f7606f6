import assert from "node:assert/strict";
import { opensslRequest, until } from "../../certificate/helpers.ts";
import { lockStore } from "../../store/helpers.ts";
import { openRelayApi } from "./api.ts";
import { BASE } from "./bench.ts";
import { startAcmeDaemon } from "./daemon.ts";

for (const signal of ["SIGKILL", "SIGTERM"] as const) {
  Deno.test(`a certificate signed while another program has the database is not lost by ${signal}`, async () => {
    const users = new Map([["kaylee", ""]]);
    await using daemon = await startAcmeDaemon({ users, settings: { LOG_LEVEL: "debug" } });
    await using api = await openRelayApi(daemon);
    const { stateDir } = daemon.it;
    const placed = () =>
      daemon.lines.filter(({ message, username }) =>
        message === "order placed" && username === "kaylee"
      ).length;
    const token = users.get("kaylee")!;
    const { csr } = await opensslRequest(stateDir, { san: `DNS:kaylee.${BASE}` });
    await daemon.logged("certificate in use");
    const signed = () =>
      daemon.lines.some(({ message, username }) =>
        message === "certificate signed" && username === "kaylee"
      );
    const id = await api.order(token, csr);
    {
      using held = lockStore(stateDir);
      assert.ok(!signed());
      await until(signed, "it is signed", 60_000);
      assert.equal(placed(), 1);
      await daemon.restart(signal, () => Promise.resolve(held[Symbol.dispose]()));
    }
    assert.match(await api.ready(token, id), /BEGIN CERTIFICATE/);
    assert.equal(placed(), 0, "it is had from the order that was placed");
  });
}
