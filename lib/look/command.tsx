import type { JSX } from "hono/jsx/jsx-runtime";
import type { Language } from "./language.ts";
import { WORDS } from "./words.ts";

/** A command to type, or to copy with a button where scripts run. */
export function Command(
  { language, children }: { language: Language; children: string },
): JSX.Element {
  const { copy, copied } = WORDS[language];
  return (
    <div class="command" data-copy={copy} data-copied={copied}>
      <pre><code>{wordsOf(children)}</code></pre>
    </div>
  );
}

/** Words that a line end comes between, not within: an option is split at its hyphens otherwise. */
function wordsOf(command: string): (string | JSX.Element)[] {
  return command.split(/( +)/).map((part, i) => i % 2 === 0 ? <span key={i}>{part}</span> : part);
}
