import type { JSX } from "hono/jsx/jsx-runtime";

/** The pictures that there are. */
export const SCENE_KINDS = ["home", "away", "building", "silent", "empty", "closed"] as const;

/** Which picture a page has. */
export type SceneKind = typeof SCENE_KINDS[number];

/** Seen at night only: place and size. */
const STARS = [
  [58, 44, 1.6],
  [96, 96, 1.1],
  [142, 28, 1.2],
  [196, 70, 1.7],
  [232, 24, 1.1],
  [382, 34, 1.7],
  [418, 84, 1.1],
  [452, 26, 1.2],
  [584, 104, 1.2],
  [606, 30, 1.6],
] as const;

/** The picture above a page: a small house on a hill, in the state that the page tells of. */
export function Scene({ kind }: { kind: SceneKind }): JSX.Element {
  return (
    <svg class="scene" viewBox="0 0 640 240" aria-hidden="true" focusable="false">
      <defs>
        <radialGradient id="glow">
          <stop class="lamp" offset="0.3" />
          <stop class="lamp unlit" offset="1" />
        </radialGradient>
      </defs>
      <rect class="sky" width="640" height="240" />
      {STARS.map(([cx, cy, r]) => <circle key={cx} class="star" cx={cx} cy={cy} r={r} />)}
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
      {kind === "home" && <path class="smoke breath" d="M329 62q-9-9 0-19t0-19q5-6 1-11" />}
      <rect class="wood" x="320" y="68" width="18" height="34" />
      <rect class="wall" x="240" y="118" width="120" height="88" />
      <path class="roof" d="M224 122 300 64l76 58z" />
      <rect class={pane} x="256" y="138" width="28" height="28" rx="2" />
      <rect class={pane} x="316" y="138" width="28" height="28" rx="2" />
      <path class="frame" d="M270 138v28M256 152h28M330 138v28M316 152h28" />
      <rect class="wood" x="289" y="162" width="22" height="44" rx="2" />
      <circle class="light" cx="306" cy="186" r="1.8" />
      {pane === "light" && <circle cx="300" cy="156" r="104" fill="url(#glow)" />}
      {kind === "building" && <Ladder />}
      {kind === "silent" && <Visitor />}
      {kind !== "building" && kind !== "closed" && <Mailbox flag={kind === "home"} />}
    </g>
  );
}

function Mailbox({ flag }: { flag: boolean }): JSX.Element {
  return (
    <g>
      <rect class="post" x="427" y="180" width="5" height="36" />
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

/** Somebody rang, and waits for an answer. */
function Visitor(): JSX.Element {
  return (
    <g>
      <path
        class="board"
        d="M392 92h44a12 12 0 0 1 12 12v10a12 12 0 0 1-12 12h-30l-16 14 3-15a12 12 0 0 1-11-11v-10a12 12 0 0 1 10-12z"
      />
      <g class="breath">
        <circle class="roof" cx="402" cy="109" r="3.5" />
        <circle class="roof" cx="415" cy="109" r="3.5" />
        <circle class="roof" cx="428" cy="109" r="3.5" />
      </g>
    </g>
  );
}

function Signpost(): JSX.Element {
  return (
    <g>
      <rect class="post" x="297" y="96" width="7" height="112" />
      <path class="board" d="M262 104h70l14 14-14 14h-70z" />
      <path class="board" d="M338 142h-58l-12 12 12 12h58z" />
    </g>
  );
}

function Fence(): JSX.Element {
  const posts = Array.from({ length: 9 }, (_, i) => 204 + i * 24);
  return (
    <g>
      <rect class="post" x="196" y="186" width="208" height="5" />
      <rect class="post" x="196" y="206" width="208" height="5" />
      {posts.map((x) => <path key={x} class="post" d={`M${x - 4} 222v-46l4-6 4 6v46z`} />)}
    </g>
  );
}
