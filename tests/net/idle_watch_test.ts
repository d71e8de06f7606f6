import assert from "node:assert/strict";
import { IdleWatch, type Watched } from "../../lib/net/idle_watch.ts";

Deno.test("IdleWatch ends nobody who left by the end of another", () => {
  const watch = new IdleWatch(3_600_000);
  try {
    const ended: string[] = [];
    const watched = (name: string, end = () => {}): Watched => ({
      heard: false,
      silentSteps: 0,
      seat: undefined,
      isDone: () => false,
      end() {
        ended.push(name);
        end();
      },
    });
    const other = watched("other");
    watch.add(watched("one", () => watch.remove(other)));
    watch.add(other);
    watch.add(watched("third"));
    for (let i = 0; i < 16; i++) watch.step();
    assert.deepEqual([ended, watch.size], [["one", "third"], 0]);
  } finally {
    watch.stop();
  }
});

Deno.test("IdleWatch ends those who are done from when it is told to, on both sides open or one", () => {
  const watch = new IdleWatch(3_600_000, 300_000);
  try {
    const ended: string[] = [];
    const watched = (name: string, isDone: boolean): Watched => ({
      heard: true,
      silentSteps: 0,
      seat: undefined,
      isDone: (quietMs) => isDone && quietMs === 2_000,
      end: () => void ended.push(name),
    });
    const halfClosed = watched("half-closed", true);
    for (const one of [watched("done", true), watched("asks", false), halfClosed]) watch.add(one);
    watch.onHalfClosed(halfClosed);
    watch.step();
    assert.deepEqual(ended, []);
    watch.endDone(2_000);
    assert.deepEqual([ended.toSorted(), watch.size], [["done", "half-closed"], 1]);
  } finally {
    watch.stop();
  }
});
