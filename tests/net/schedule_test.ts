import assert from "node:assert/strict";
import { scheduleTimeout } from "../../lib/net/schedule.ts";

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

Deno.test("scheduleTimeout() runs in order, each in its time, but not what was called off", async () => {
  const began = performance.now();
  const ran: [name: string, after: number][] = [];
  const add = (name: string, ms: number): () => void =>
    scheduleTimeout(() => ran.push([name, performance.now() - began]), ms);
  const callOffFirst = add("first", 60);
  add("long", 150);
  await pause(20);
  add("second", 60);
  const callOffThird = add("third", 60);
  callOffFirst();
  await pause(20);
  add("fourth", 60);
  callOffThird();
  callOffThird();
  await pause(160);
  assert.deepEqual(ran.map(([name]) => name), ["second", "fourth", "long"]);
  [80, 100, 150].forEach((due, i) => assert.ok(ran[i]![1] >= due - 2, `${ran[i]}`));
});

Deno.test("scheduleTimeout() can be asked again by what it runs", async () => {
  const again = Promise.withResolvers<void>();
  scheduleTimeout(() => scheduleTimeout(again.resolve, 30), 30);
  await again.promise;
});

Deno.test("scheduleTimeout() has no process go on for what was called off, but for what was asked for since", async () => {
  const script = `
    import { scheduleTimeout } from ${
    JSON.stringify(import.meta.resolve("../../lib/net/schedule.ts"))
  };
    scheduleTimeout(() => console.log("called off"), 60_000)();
    scheduleTimeout(() => console.log("called off"), 50)();
    scheduleTimeout(() => console.log("asked for since"), 50);`;
  const began = performance.now();
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["eval", script] }).output();
  assert.equal(new TextDecoder().decode(stdout), "asked for since\n");
  assert.ok(performance.now() - began < 60_000);
});

Deno.test("scheduleTimeout() lets others go first after the process was held up", async () => {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const callOff = scheduleTimeout(() => reject(new Error("it fired first")), 20);
  setTimeout(() => resolve(callOff()), 60);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_200);
  await promise;
  // Whatever is not called off fires all the same.
  await new Promise<void>((fired) => {
    scheduleTimeout(fired, 20);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_200);
  });
});
