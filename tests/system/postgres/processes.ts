/** The processes that a process has started, and not yet seen end. */
export async function childrenOf(pid: number): Promise<number[]> {
  const children = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`);
  return children.split(" ").filter((child) => child !== "").map(Number);
}

/** Stops a process and its children where they are. */
export async function freeze(pid: number): Promise<void> {
  // The parent first: once that stands still it makes no more of them, and forgets none.
  await stop(pid);
  for (const child of await childrenOf(pid)) await stop(child);
}

/** Has them go on. */
export async function thaw(pid: number): Promise<void> {
  // The parent last: it makes some for whoever has left meanwhile, and those end at any moment.
  for (const child of await childrenOf(pid)) Deno.kill(child, "SIGCONT");
  Deno.kill(pid, "SIGCONT");
}

/** Resolves once it stands still, or has ended. */
async function stop(pid: number): Promise<void> {
  Deno.kill(pid, "SIGSTOP");
  while (!/^State:\s+[TZ]/m.test(await Deno.readTextFile(`/proc/${pid}/status`))) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
