import { ManualClock } from "../manual_clock.ts";
import { testEngine } from "./contract.ts";
import { MemoryDatabase, MemoryEngine } from "./memory_engine.ts";

testEngine("MemoryEngine", () => {
  const clock = new ManualClock();
  clock.advance(1_000_000);
  const db = new MemoryDatabase(clock);
  return Promise.resolve({
    open: (relay, boot) => Promise.resolve(new MemoryEngine(db, { relay, boot })),
    setClock: (seconds) => void (db.aheadMs = seconds * 1_000),
    close: () => Promise.resolve(),
  });
});
