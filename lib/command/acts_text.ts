import type { ActView } from "../admin/acts.ts";
import { localTime, wrapped } from "./table.ts";

/** Acts for people, two lines each: what was done when, and by whom and why. */
export function actsText(acts: readonly ActView[]): string {
  const width = Math.max(...acts.map(({ act }) => act.length));
  return acts.map((act) => {
    const about = [act.username, act.detail].filter((part) => part !== null).join(", ");
    const time = localTime(act.at);
    const head = `${time}  ${act.act.padEnd(width)}  `;
    const indent = " ".repeat(time.length + 2);
    return wrapped(about, head, " ".repeat(head.length)) +
      wrapped(`by ${whoOf(act)}${act.reason === null ? "" : `: ${act.reason}`}`, indent, indent);
  }).join("");
}

function whoOf({ by, uid, sudoUid }: ActView): string {
  switch (by) {
    case "user":
      return "its user";
    case "signal":
      return "a signal";
    case "operator": {
      const sudo = sudoUid === null ? "" : ` (sudo by ${sudoUid})`;
      return uid === null ? "the operator" : `uid ${uid}${sudo}`;
    }
  }
}
