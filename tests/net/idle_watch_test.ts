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
