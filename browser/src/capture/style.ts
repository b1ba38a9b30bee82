/** How `<visavis-capture>` looks. Custom properties (`--visavis-…`) are for the page around it. */

export const STYLE = `
:host { display: block; container-type: inline-size; --accent: var(--visavis-accent, light-dark(#1f5fbf, #8ab8ff));
  --on-accent: var(--visavis-on-accent, light-dark(#fff, #101418)); --radius: var(--visavis-radius, 0.75rem);
  --line: var(--visavis-line, color-mix(in srgb, currentColor 45%, transparent)); font: inherit; }
:host([hidden]), [hidden] { display: none !important; }
.stage { overflow: hidden; border-radius: var(--radius); background: #101418; }
.stage:not(.live) { display: none; }
.picture { --ratio: var(--visavis-aspect, var(--shape, 1.3333)); position: relative; aspect-ratio: var(--ratio);
  max-inline-size: calc(70vh * var(--ratio)); margin-inline: auto; }
video { width: 100%; height: 100%; object-fit: cover; transform: scaleX(-1); display: block; }
svg { position: absolute; inset: 0; width: 100%; height: 100%; pointer-events: none; }
.around { fill: rgb(0 0 0 / 45%); }
.oval { fill: none; stroke: #fff; stroke-width: 3; stroke-dasharray: 10 8; vector-effect: non-scaling-stroke; }
.good .oval { stroke-width: 7; stroke-dasharray: none; }
.tick { fill: none; stroke: #fff; stroke-width: 7; stroke-linecap: round; stroke-linejoin: round;
  vector-effect: non-scaling-stroke; visibility: hidden; }
.good .tick { visibility: visible; }
.said { margin: 0; padding: 0.5em 1em; min-block-size: 2.5em; display: grid; place-content: center; text-align: center;
  color: #fff; font-size: clamp(1.1rem, 4.5cqi, 1.75rem); line-height: 1.25; font-weight: 600; box-sizing: content-box; }
.asked { margin: 0; padding: 0.75em 1em 0; min-block-size: 2.5em; display: grid; grid-auto-flow: column; gap: 0.5em; place-content: center;
  align-items: center; text-align: center; color: #fff; font-size: clamp(1.3rem, 6cqi, 2.25rem); line-height: 1.2; font-weight: 700; }
.asked .sign { font-size: 1.6em; line-height: 1; }
.filming .said { font-weight: 400; font-size: 1rem; }
.row { display: flex; flex-wrap: wrap; gap: 0.75rem; margin-block-start: 0.75rem; align-items: center; }
button, .file { font: inherit; font-weight: 600; min-block-size: 2.75rem; padding: 0.5em 1.2em; border-radius: var(--radius);
  border: 2px solid var(--accent); cursor: pointer; background: transparent; color: inherit; box-sizing: border-box; }
button.main { background: var(--accent); color: var(--on-accent); }
button:focus-visible, .file:focus-within { outline: 3px solid currentColor; outline-offset: 2px; }
.file { position: relative; display: inline-flex; align-items: center; }
.file input { position: absolute; inset: 0; opacity: 0; cursor: pointer; inline-size: 100%; font-size: 1rem; }
.drop { border: 2px dashed var(--line); border-radius: var(--radius); padding: 0.75rem 1rem; margin-block-start: 0.75rem; }
.drop.over { border-style: solid; border-color: var(--accent); }
.drop p { margin: 0 0 0.5rem; }
.problem { border-inline-start: 4px solid var(--accent); padding: 0.5rem 1rem; margin-block: 0.75rem 0; }
.problem p { margin: 0 0 0.25rem; }
.problem p:first-child { font-weight: 600; }
.count { margin: 0; }
@media (forced-colors: active) { .said { border-block-start: 1px solid; } button.main { forced-color-adjust: none; } }
`;
