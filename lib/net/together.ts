/**
 * Makes what does one thing at a time, for all that was given meanwhile: however many come, no more than one is under
 * way. Each gets what its own came to, or the reason why that failed.
 */
export function together<Item, Result>(
  work: (items: readonly Item[]) => Promise<Result> | Result,
): (item: Item) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve();
  let next: { items: Item[]; result: Promise<Result> } | undefined;
  return (item) => {
    if (next === undefined) {
      const items: Item[] = [];
      const result = last.then(() => {
        next = undefined;
        return work(items);
      });
      last = result.catch(() => {});
      next = { items, result };
    }
    next.items.push(item);
    return next.result;
  };
}
