/**
 * The store could not do what it was asked: nothing was changed, and later it may be able to.
 *
 * Its message names the place and the fix, for the operator; `cause` is what the engine threw.
 */
export class StoreError extends Error {
  override readonly name = "StoreError";
}
