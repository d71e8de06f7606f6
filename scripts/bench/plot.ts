/** A line of a panel, its points in the order of `x`. */
export interface Line {
  name: string;
  points: readonly { x: number; y: number }[];
}

/** A small diagram: both axes are logarithmic. */
export interface Panel {
  /** What is measured, and its unit. */
  title: string;
  /** What it is measured by. */
  x: string;
  lines: readonly Line[];
}

/** Pixels of a panel, and of what is around its axes. */
const PANEL = { width: 380, height: 250 } as const;
const MARGIN = { left: 62, right: 26, top: 34, bottom: 44 } as const;

/** Height of the line with the title, and of the legend's, pixels. */
const HEAD = 34;
const LEGEND = 30;

/** Colours and shapes of lines, so that neither alone has to tell them apart. */
const STYLES = [
  { light: "#0b5fae", dark: "#6db3f2", dash: "", mark: "circle" },
  { light: "#b3400a", dark: "#f59a63", dash: "7 4", mark: "square" },
  { light: "#2b7a3d", dark: "#7fd093", dash: "2 3", mark: "diamond" },
  { light: "#7b3fa0", dark: "#cc9be8", dash: "9 3 2 3", mark: "triangle" },
] as const;

/** As many lines as can be told apart, of all panels together. */
const MOST_LINES = STYLES.length;

const MARKS: Record<(typeof STYLES)[number]["mark"], string> = {
  circle: "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
  square: "M-3.5-3.5h7v7h-7z",
  diamond: "M0-5L5 0L0 5L-5 0z",
  triangle: "M0-5L5 4H-5z",
};

/**
 * Panels in rows as one SVG, readable on light and dark ground; lines of one name have one colour.
 *
 * @param columns panels in a row.
 * @throws {RangeError} for more lines than can be told apart, and for values that no logarithm is of.
 */
export function plot(title: string, panels: readonly Panel[], columns: number): string {
  const names = [...new Set(panels.flatMap(({ lines }) => lines.map(({ name }) => name)))];
  if (names.length > MOST_LINES) {
    throw new RangeError(`Cannot draw ${names.length} lines: ${MOST_LINES} can be told apart`);
  }
  const width = columns * PANEL.width;
  const height = HEAD + Math.ceil(panels.length / columns) * PANEL.height + LEGEND;
  const drawn = panels.map((panel, i) => {
    const at = { x: (i % columns) * PANEL.width, y: HEAD + Math.floor(i / columns) * PANEL.height };
    return `<g transform="translate(${at.x} ${at.y})">\n${panelOf(panel, names)}</g>\n`;
  });
  const legend = names.map((name, i) =>
    `<g transform="translate(${20 + i * (width - 40) / names.length} ${height - 14})">` +
    `<path class="line l${i}" d="M0-4H28"/>${markAt(14, -4, i)}` +
    `<text x="36">${escaped(name)}</text></g>\n`
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" ` +
    `height="${height}" role="img" aria-labelledby="title">
<title id="title">${escaped(title)}</title>
<style>
${styleSheet()}</style>
<rect class="ground" width="100%" height="100%"/>
<text class="title" x="20" y="23">${escaped(title)}</text>
${drawn.join("")}${legend.join("")}</svg>
`;
}

function styleSheet(): string {
  const colours = (ground: string, ink: string, grid: string, of: "light" | "dark"): string =>
    `.ground { fill: ${ground} } text { fill: ${ink} } .grid { stroke: ${grid} }\n` +
    STYLES.map((style, i) => `.l${i} { stroke: ${style[of]} } .m${i} { fill: ${style[of]} }\n`)
      .join("");
  return `text { font: 12px system-ui, sans-serif } .title { font-size: 15px; font-weight: 600 }
.name { font-weight: 600 } .grid { stroke-width: 1 } .line { fill: none; stroke-width: 2 }
.end { text-anchor: end } .middle { text-anchor: middle }
${STYLES.map(({ dash }, i) => dash && `.l${i} { stroke-dasharray: ${dash} }\n`).join("")}` +
    colours("#ffffff", "#1f2328", "#d5dae0", "light") +
    `@media (prefers-color-scheme: dark) {\n${colours("#14181d", "#e6e9ed", "#3a424c", "dark")}}\n`;
}

function panelOf({ title, x, lines }: Panel, names: readonly string[]): string {
  const points = lines.flatMap((line) => line.points);
  const [left, right] = [MARGIN.left, PANEL.width - MARGIN.right];
  const [top, bottom] = [MARGIN.top, PANEL.height - MARGIN.bottom];
  const across = scale(points.map((point) => point.x), left, right);
  const up = scale(points.map((point) => point.y), bottom, top);
  const grid = up.ticks.map((value) =>
    `<path class="grid" d="M${left} ${up.at(value)}H${right}"/>` +
    `<text class="end" x="${left - 8}" y="${up.at(value) + 4}">${label(value)}</text>\n`
  );
  const counts = across.ticks.map((value) =>
    `<path class="grid" d="M${across.at(value)} ${top}V${bottom}"/>` +
    `<text class="middle" x="${across.at(value)}" y="${bottom + 17}">${label(value)}</text>\n`
  );
  const drawn = lines.map((line) => {
    const i = names.indexOf(line.name);
    const at = line.points.map((point) => [across.at(point.x), up.at(point.y)] as const);
    return `<path class="line l${i}" d="M${at.map(([x, y]) => `${x} ${y}`).join("L")}"/>` +
      `${at.map(([x, y]) => markAt(x, y, i)).join("")}\n`;
  });
  return `<text class="name" x="20" y="20">${escaped(title)}</text>\n` +
    grid.join("") + counts.join("") + drawn.join("") +
    `<text class="middle" x="${(left + right) / 2}" y="${bottom + 35}">${escaped(x)}</text>\n`;
}

function markAt(x: number, y: number, i: number): string {
  return `<path class="m${i}" transform="translate(${x} ${y})" d="${MARKS[STYLES[i]!.mark]}"/>`;
}

/** A logarithmic axis from `from` to `to`, pixels: it begins and ends at 1, 2 or 5 times a power of ten. */
function scale(
  values: readonly number[],
  from: number,
  to: number,
): { at: (value: number) => number; ticks: number[] } {
  const wrong = values.find((value) => !(value > 0));
  if (wrong !== undefined) throw new RangeError(`Cannot draw ${wrong} on a logarithmic axis`);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const steps: number[] = [];
  for (let power = Math.floor(Math.log10(least)); power <= Math.ceil(Math.log10(most)); power++) {
    // 10 ** -2 times 5 is no round number; the text of it is.
    steps.push(...[1, 2, 5].map((n) => Number(`${n}e${power}`)));
  }
  const first = steps.findLastIndex((step) => step <= least);
  const last = steps.findIndex((step) => step >= most && step > steps[first]!);
  const shown = steps.slice(first, last + 1);
  const length = Math.log(shown.at(-1)! / shown[0]!);
  return {
    at: (value) => round(from + (to - from) * Math.log(value / shown[0]!) / length),
    // Only powers of ten and the ends, where there would be too many.
    ticks: shown.length <= 7
      ? shown
      : shown.filter((step, i) => i === 0 || i === shown.length - 1 || isPower(step)),
  };
}

function isPower(step: number): boolean {
  return step.toExponential().startsWith("1e");
}

function round(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}

function label(value: number): string {
  return value.toLocaleString("en");
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
