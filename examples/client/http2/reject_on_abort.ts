/** Rejects once the connection that a signal stands for is gone; to be raced against. */
export function rejectOnAbort(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(new Deno.errors.ConnectionReset("the connection is gone"));
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  promise.catch(() => {});
  return promise;
}
