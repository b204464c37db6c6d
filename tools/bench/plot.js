/** Bars as SVG, for light and dark pages. */

/**
 * @typedef {object} Row
 * @property {string} label
 * @property {number} value - above 0
 * @property {number} low - quartile
 * @property {number} high - quartile
 * @property {string} text - the value as it is told
 * @property {boolean} [isOurs]
 */

const WIDTH = 760;
const LABELS = 210;
const TEXTS = 130;
const ROW = 26;
const TOP = 34;

const STYLE = `
    text { font: 13px system-ui, sans-serif; fill: #24292f; }
    .title { font-weight: 600; }
    .bar { fill: #8c959f; }
    .ours { fill: #1a7f37; }
    .spread { stroke: #24292f; stroke-width: 1.5; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; }
      .bar { fill: #6e7681; }
      .ours { fill: #3fb950; }
      .spread { stroke: #e6edf3; }
    }
  `;

/**
 * Horizontal bars on a logarithmic scale, each with its quartiles.
 *
 * @param {string} title
 * @param {readonly Row[]} rows - at least one
 * @returns {string} an SVG document
 */
export function plot(title, rows) {
  const x = scaleOf(rows);
  const height = TOP + rows.length * ROW + 8;
  const bars = rows.map((row, index) => barOf(row, TOP + index * ROW, x));
  const told = rows.map(({ label, text }) => `${label}: ${text}`).join("; ");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
  <title>${escaped(title)}</title>
  <desc>${escaped(told)}</desc>
  <style>${STYLE}</style>
  <text class="title" x="0" y="18">${escaped(title)}</text>
${bars.join("\n")}
</svg>
`;
}

/** Begins at the power of ten below the least value. @param {readonly Row[]} rows */
function scaleOf(rows) {
  const least = Math.min(...rows.map(({ low }) => low));
  const most = Math.max(...rows.map(({ high }) => high));
  const start = Math.floor(Math.log10(least));
  const range = Math.log10(most) - start || 1;
  return (/** @type {number} */ value) =>
    LABELS + ((Math.log10(value) - start) / range) * (WIDTH - LABELS - TEXTS);
}

/** @param {Row} row @param {number} top @param {(value: number) => number} x */
function barOf({ label, value, low, high, text, isOurs = false }, top, x) {
  const middle = top + ROW / 2;
  const width = Math.max(1, x(value) - LABELS);
  const [from, to] = [x(low), x(high)].map(round);
  return `  <text x="${LABELS - 8}" y="${middle + 4}" text-anchor="end">${escaped(label)}</text>
  <rect class="${isOurs ? "ours" : "bar"}" x="${LABELS}" y="${top + 4}" width="${round(width)}" height="${ROW - 8}" rx="2"/>
  <line class="spread" x1="${from}" y1="${middle}" x2="${to}" y2="${middle}"/>
  <text x="${round(Math.max(LABELS + width, x(high)) + 8)}" y="${middle + 4}">${escaped(text)}</text>`;
}

const round = (/** @type {number} */ value) => Number(value.toFixed(1));

const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** @param {string} text */
const escaped = (text) =>
  text.replace(/[&<>"]/g, (one) => ENTITIES[/** @type {keyof typeof ENTITIES} */ (one)]);
