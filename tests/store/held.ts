/** A call to a store that is held back. */
export interface Held {
  /** Settles once the call came as far as to where it is held. */
  readonly reached: Promise<void>;
  /** Lets it go on. */
  release(): void;
}

/** A kind of record whose calls a test can hold back, as a slow store would. */
export interface Holdable<T> {
  kind: T;
  /** Holds back the answer to the next call of a method: what it does is done by then. */
  holdAnswer(method: keyof T): Held;
  /** Holds back the next call of a method, before anything of it is done. */
  holdCall(method: keyof T): Held;
}

interface Gate extends Held {
  reach(): void;
  opened: Promise<void>;
}

/** Makes a kind of record {@linkcode Holdable}. */
export function holdable<T extends object>(of: T): Holdable<T> {
  const calls = new Map<PropertyKey, Gate>();
  const answers = new Map<PropertyKey, Gate>();

  async function pass(gates: Map<PropertyKey, Gate>, method: PropertyKey): Promise<void> {
    const gate = gates.get(method);
    gates.delete(method);
    gate?.reach();
    await gate?.opened;
  }

  function hold(gates: Map<PropertyKey, Gate>, method: keyof T): Held {
    const reached = Promise.withResolvers<void>();
    const opened = Promise.withResolvers<void>();
    const gate: Gate = {
      reached: reached.promise,
      reach: reached.resolve,
      opened: opened.promise,
      release: opened.resolve,
    };
    gates.set(method, gate);
    return gate;
  }

  const kind = new Proxy(of, {
    get: (target, method) => async (...args: unknown[]): Promise<unknown> => {
      await pass(calls, method);
      const call = target[method as keyof T] as (...args: unknown[]) => Promise<unknown>;
      const answer = call(...args);
      await Promise.allSettled([answer]);
      await pass(answers, method);
      return await answer;
    },
  });
  return {
    kind,
    holdAnswer: (method) => hold(answers, method),
    holdCall: (method) => hold(calls, method),
  };
}

/** Lets everything run that waits for nothing but its turn. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
