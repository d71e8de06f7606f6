import type { JSX } from "hono/jsx/jsx-runtime";

/** Which picture a page has. */
export type SceneKind = "home" | "away" | "building" | "silent" | "empty" | "closed";

/** The picture above a page: a small house on a hill, in the state that the page tells of. */
export function Scene({ kind }: { kind: SceneKind }): JSX.Element {
  return (
    <svg class="scene" viewBox="0 0 640 240" aria-hidden="true" focusable="false">
      <rect class="sky" width="640" height="240" />
      <circle class="orb" cx="520" cy="62" r="26" />
      <path class="far" d="M0 170q110-62 230-18t220-24 190 22v90H0z" />
      <path class="hill" d="M0 206q170-66 330-46t310 22v58H0z" />
      {kind === "empty" ? <Signpost /> : <House kind={kind} />}
      <path class="near" d="M0 226q150-22 310-12t330-8v34H0z" />
      {kind === "closed" && <Fence />}
    </svg>
  );
}

function House({ kind }: { kind: SceneKind }): JSX.Element {
  const pane = kind === "home" || kind === "silent" ? "light" : "glass";
  return (
    <g>
      {kind === "home" && <path class="thin breath" d="M292 66q-10-12 0-22t0-22" />}
      <rect class="wood" x="284" y="74" width="18" height="34" />
      {pane === "light" && <circle class="glow" cx="300" cy="156" r="72" />}
      <rect class="wall" x="240" y="118" width="120" height="86" />
      <path class="roof" d="M224 122 300 64l76 58z" />
      <rect class={pane} x="256" y="138" width="28" height="28" rx="2" />
      <rect class={pane} x="316" y="138" width="28" height="28" rx="2" />
      <rect class="wood" x="289" y="162" width="22" height="42" rx="2" />
      {kind === "building" && <Ladder />}
      {kind === "silent" && <Visitor />}
      {kind !== "building" && kind !== "closed" && <Mailbox flag={kind === "home"} />}
    </g>
  );
}

function Mailbox({ flag }: { flag: boolean }): JSX.Element {
  return (
    <g>
      <rect class="wood" x="427" y="180" width="5" height="36" />
      <path class="roof" d="M412 166a10 10 0 0 1 10-10h20a10 10 0 0 1 10 10v18h-40z" />
      {flag && <path class="light" d="M444 140h14v9h-10v16h-4z" />}
    </g>
  );
}

function Ladder(): JSX.Element {
  return (
    <path
      class="rope"
      d="M380 208 352 96M398 204 370 92M377 190l17-4M372 170l17-4M367 150l17-4M362 130l17-4M357 112l17-4"
    />
  );
}

/** Three dots at the door: somebody rang and waits. */
function Visitor(): JSX.Element {
  return (
    <g class="breath">
      <circle class="light" cx="330" cy="188" r="3.5" />
      <circle class="light" cx="342" cy="188" r="3.5" />
      <circle class="light" cx="354" cy="188" r="3.5" />
    </g>
  );
}

function Signpost(): JSX.Element {
  return (
    <g>
      <rect class="wood" x="297" y="96" width="7" height="112" />
      <path class="wall" d="M262 104h70l14 14-14 14h-70z" />
      <path class="wall" d="M338 142h-58l-12 12 12 12h58z" />
    </g>
  );
}

function Fence(): JSX.Element {
  const posts = Array.from({ length: 9 }, (_, i) => 204 + i * 24);
  return (
    <g>
      <rect class="wood" x="196" y="186" width="208" height="5" />
      <rect class="wood" x="196" y="206" width="208" height="5" />
      {posts.map((x) => <path key={x} class="wood" d={`M${x - 4} 222v-46l4-6 4 6v46z`} />)}
    </g>
  );
}
