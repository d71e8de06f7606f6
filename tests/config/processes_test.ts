import assert from "node:assert/strict";
import { loadConfig } from "../../lib/config/load.ts";
import { processProblems, withDataPortOf } from "../../lib/config/processes.ts";

const DATABASE = { GLOSSOND_DATABASE_URL: "postgres://glossond@localhost/glossond" };

/** The problems of these settings, `DATABASE` among them. */
function problemsOf(env: Record<string, string>): string[] {
  return loadConfig({ dev: true, env: { ...DATABASE, ...env } }).problems;
}

Deno.test("processProblems() wants a database and a data port for each process", () => {
  assert.deepEqual(problemsOf({ GLOSSOND_PROCESSES: "4" }), []);
  assert.deepEqual(problemsOf({ GLOSSOND_PROCESSES: "4", GLOSSOND_DATA_PORT: "0" }), []);
  assert.deepEqual(processProblems({ processes: 1 }), []);
  const [without] = loadConfig({ dev: true, env: { GLOSSOND_PROCESSES: "2" } }).problems;
  assert.match(without!, /^GLOSSOND_PROCESSES is 2.*DATABASE_URL into the secrets file/);
  const wrong = [["DATA_PORT", "8444"], ["DATA_PORT", "65534"], ["PUBLIC_DATA_PORT", "65535"]];
  for (const [name, port = ""] of wrong) {
    const problems = problemsOf({ GLOSSOND_PROCESSES: "3", [`GLOSSOND_${name}`]: port });
    assert.equal(problems.length, 1, `${name} ${port}`);
    assert.match(problems[0]!, /data port.*2 free ones behind it$/);
  }
});

Deno.test("withDataPortOf() gives each process the next port, and leaves what is open", () => {
  const { settings } = loadConfig({ dev: true, env: DATABASE });
  const portsOf = (process: number, ports: { dataPort: number; publicDataPort?: number }) => {
    const own = withDataPortOf({ ...settings!, publicDataPort: undefined, ...ports }, process);
    return [own.dataPort, own.publicDataPort];
  };
  assert.deepEqual(portsOf(1, { dataPort: 9000, publicDataPort: 443 }), [9000, 443]);
  assert.deepEqual(portsOf(3, { dataPort: 9000, publicDataPort: 443 }), [9002, 445]);
  assert.deepEqual(portsOf(2, { dataPort: 0 }), [0, undefined]);
});
