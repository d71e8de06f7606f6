/** What pages stand on in each colour scheme, which browsers colour their own bars by. */
export const PAPER = { light: "#f8f2e7", dark: "#1a1613" };

/**
 * The style sheet of every page, inline: a page fetches nothing, and the content security policy
 * names its hash.
 *
 * Text colours have a contrast of at least 4.5:1 to what they stand on (WCAG 2.2 AA), in both
 * colour schemes.
 */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: ${PAPER.light}; --card: #fffdf8; --ink: #33291f; --soft: #6a5b4b; --line: #e5d8c3;
  --accent: #9c4023; --code: #f3eadb;
  --sky: #f6dfbd; --far: #e0c495; --hill: #a9b07c; --near: #8a9765; --wall: #fff6e6;
  --roof: #a9502f; --wood: #6f4e37; --post: #6f4e37; --glass: #7b6a58; --light: #ffd36e; --orb: #fdf3d8; --star: transparent; --smoke: #fff6e6; --lamp: .3;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: ${PAPER.dark}; --card: #241e1a; --ink: #ece1d1; --soft: #b8a894; --line: #3b322a;
    --accent: #f0a77f; --code: #2e2721;
    --sky: #232539; --far: #2b2f48; --hill: #2d3a34; --near: #24302b; --wall: #6b5c54;
    --roof: #8a4731; --wood: #4a372b; --post: #b08a64; --glass: #2f2926; --light: #ffcf70; --orb: #f3e6c4;
    --star: #f3e6c4; --smoke: #6f7090; --lamp: .5;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0 auto; max-width: 42rem; min-height: 100vh;
  padding: max(clamp(1rem, 4vh, 3rem), env(safe-area-inset-top)) max(1.25rem, env(safe-area-inset-right))
    max(3rem, env(safe-area-inset-bottom)) max(1.25rem, env(safe-area-inset-left));
  background: var(--paper); color: var(--ink);
  font: 1.0625rem/1.65 "Iowan Old Style", "Palatino Linotype", Palatino, "URW Palladio L",
    Georgia, "DejaVu Serif", serif;
  overflow-wrap: break-word;
}
h1, h2 { line-height: 1.2; text-wrap: balance; font-weight: 600; overflow-wrap: anywhere; }
h1 { font-size: clamp(1.75rem, 6vw, 2.5rem); margin: 1.75rem 0 .75rem; letter-spacing: -.01em; }
h2 { font-size: 1.35rem; margin: 2.75rem 0 .75rem; }
p, ol { margin: 0 0 1rem; }
p, li { text-wrap: pretty; }
.lead { font-size: 1.1875rem; }
.soft, footer { color: var(--soft); font-size: .9375rem; }
a { color: var(--accent); text-underline-offset: .2em; text-decoration-thickness: .06em; }
a:hover { text-decoration-thickness: .12em; }
:is(a, button):focus-visible {
  outline: .15rem solid var(--accent); outline-offset: .2rem; border-radius: .2rem;
}
b { font-weight: 600; overflow-wrap: anywhere; }
time { white-space: nowrap; }
code, pre { font: .875em/1.6 ui-monospace, "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
p code {
  display: inline-block; max-width: 100%; background: var(--code); border-radius: .3rem;
  padding: 0 .35em; overflow-wrap: anywhere;
}
pre {
  margin: 0; padding: .75rem 1rem; background: var(--code);
  border: 1px solid var(--line); border-radius: .5rem; white-space: pre-wrap; overflow-wrap: anywhere;
}
.command { display: flex; flex-wrap: wrap; gap: .5rem; align-items: start; margin: .5rem 0 .75rem; }
.command pre { flex: 1 1 20rem; min-width: 0; }
button, .button {
  display: inline-block; padding: .55rem 1.1rem; min-height: 2.75rem; font: inherit; font-size: .9375rem;
  color: var(--accent); background: var(--card); border: 1px solid var(--accent); border-radius: .5rem;
  cursor: pointer; text-decoration: none;
}
button:hover, .button:hover { background: var(--code); }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
pre code { font: inherit; }
pre span { display: inline-block; max-width: 100%; }
pre code { -webkit-user-select: all; user-select: all; }
ol.steps { list-style: none; padding: 0; counter-reset: step; }
ol.steps > li { counter-increment: step; position: relative; padding-left: 2.75rem; margin-bottom: 1.5rem; }
ol.steps > li::before {
  content: counter(step); position: absolute; left: 0; top: .05rem; width: 1.75rem; height: 1.75rem;
  border-radius: 50%; border: 1px solid var(--accent); color: var(--accent);
  font-size: 1rem; line-height: 1.65rem; text-align: center;
}
@media (max-width: 24rem) {
  ol.steps > li { padding-left: 0; }
  ol.steps > li::before { position: static; display: inline-block; margin-right: .6rem; }
}
.scene { display: block; width: 100%; height: auto; border-radius: 1rem; border: 1px solid var(--line); }
.note {
  margin: 1.5rem 0; padding: .9rem 1.1rem; background: var(--card); border: 1px solid var(--line);
  border-radius: .75rem;
}
blockquote {
  margin: 1.5rem 0; padding: 0 1.1rem; border-inline-start: .2rem solid var(--accent);
  overflow-wrap: anywhere; unicode-bidi: isolate;
}
footer { margin-top: 3rem; padding-top: 1.25rem; border-top: 1px solid var(--line); }
footer p { margin-bottom: .35rem; }
.ends { margin: 1rem 0 1.5rem; }
.ends svg { display: block; width: 100%; height: auto; }
.ends ul { display: flex; list-style: none; margin: .25rem 0 .75rem; padding: 0; text-align: center; }
.ends li { flex: 1; padding: 0 .25rem; line-height: 1.35; font-size: .9375rem; font-weight: 600; hyphens: auto; }
.ends figcaption { text-align: center; color: var(--soft); font-size: .9375rem; text-wrap: balance; }
.line { fill: none; stroke: var(--accent); stroke-width: 6; stroke-linecap: round; stroke-linejoin: round; }
.thin { stroke-width: 3; } .paper { fill: var(--card); stroke: var(--accent); stroke-width: 3; }
.seal { fill: var(--accent); }
.sky { fill: var(--sky); } .far { fill: var(--far); } .hill { fill: var(--hill); }
.near { fill: var(--near); } .wall { fill: var(--wall); } .roof { fill: var(--roof); }
.wood { fill: var(--wood); } .post { fill: var(--post); } .glass { fill: var(--glass); } .light { fill: var(--light); }
.orb, .board { fill: var(--orb); } .board { stroke: var(--post); stroke-width: 2; } .star { fill: var(--star); } .lamp { stop-color: var(--light); stop-opacity: var(--lamp); }
.unlit { stop-opacity: 0; }
.rope, .smoke, .frame { fill: none; stroke: var(--post); stroke-width: 3; stroke-linecap: round; }
.smoke { stroke: var(--smoke); stroke-width: 4; opacity: .85; }
.frame { stroke: var(--wall); stroke-width: 2; stroke-linecap: butt; }
@media (prefers-reduced-motion: no-preference) {
  .breath { animation: breath 5s ease-in-out infinite; }
  @keyframes breath { 50% { opacity: .45; } }
}
@media print { .scene { display: none; } }
`;
