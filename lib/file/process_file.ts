/**
 * The name in the state folder of what each process of a relay has for itself: as it is for the first one, with a
 * number before its ending for the others.
 *
 * @param process from 1 on.
 */
export function fileOfProcess(name: string, process: number): string {
  return process === 1 ? name : name.replace(/(?=\.[a-z]+$)/, `-${process}`);
}
