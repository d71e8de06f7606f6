import type { JSX } from "hono/jsx/jsx-runtime";
import type { LandingTexts } from "./texts.ts";

/** A picture of the way of a visitor's bytes, with a lock where they are encrypted and decrypted. */
export function TlsPicture({ visitor, relay, home, caption }: LandingTexts["ends"]): JSX.Element {
  return (
    <figure class="ends">
      <svg viewBox="0 0 600 150" aria-hidden="true" focusable="false">
        <path class="line" d="M120 84h360" />
        <rect class="paper" x="52" y="44" width="96" height="72" rx="8" />
        <path class="line thin" d="M52 62h96M64 53h.1M74 53h.1" />
        <Lock x={100} />
        <path class="post" d="M292 40h16l14 84h-44z" />
        <path class="paper" d="M284 26h32v20h-32z" />
        <path class="line thin" d="M266 30a48 48 0 0 1 0-24M334 30a48 48 0 0 0 0-24" />
        <path class="roof" d="m436 70 64-50 64 50z" />
        <rect class="paper" x="450" y="68" width="100" height="54" />
        <Lock x={500} />
      </svg>
      <ul>
        <li>{visitor}</li>
        <li>{relay}</li>
        <li>{home}</li>
      </ul>
      <figcaption>{caption}</figcaption>
    </figure>
  );
}

function Lock({ x }: { x: number }): JSX.Element {
  return (
    <g>
      <path class="line thin" d={`M${x - 8} 86v-6a8 8 0 0 1 16 0v6`} />
      <rect class="seal" x={x - 13} y="86" width="26" height="20" rx="4" />
    </g>
  );
}
