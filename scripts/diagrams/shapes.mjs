// Shapes of the diagrams in docs/images. Both themes are in each file: an image follows the colour scheme of its page.

/** @typedef {'plain' | 'good' | 'warn' | 'bad' | 'info'} Tone */

const LINE = 18;
const STYLE = `
.page{fill:#fff}.ink{fill:#1f2328}.soft{fill:#59636e}
.stroke{stroke:#59636e;fill:none;stroke-width:1.5}.tip{fill:#59636e}.life{stroke:#d1d9e0;stroke-width:1.5}
.plain{fill:#f6f8fa;stroke:#818b98}.good{fill:#dafbe1;stroke:#1a7f37}.warn{fill:#fff1c2;stroke:#9a6700}
.bad{fill:#ffebe9;stroke:#cf222e}.info{fill:#ddf4ff;stroke:#0969da}
@media (prefers-color-scheme:dark){
.page{fill:#161b22}.ink{fill:#e6edf3}.soft{fill:#a3adb8}
.stroke{stroke:#a3adb8}.tip{fill:#a3adb8}.life{stroke:#3d444d}
.plain{fill:#21262d;stroke:#6e7681}.good{fill:#12361f;stroke:#3fb950}.warn{fill:#3d2e00;stroke:#d29922}
.bad{fill:#4a1a1d;stroke:#f85149}.info{fill:#0d2d4d;stroke:#4493f8}
}`;

const escape = (/** @type {string} */ text) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/**
 * @param {{ width: number, height: number, title: string }} picture
 * @param {readonly string[]} parts
 */
export const svg = ({ width, height, title }, parts) =>
  [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="14" role="img">`,
    `<title>${escape(title)}</title>`,
    `<style>${STYLE}\n</style>`,
    '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto"><path class="tip" d="M0 0 10 5 0 10z"/></marker></defs>',
    `<rect class="page" width="${width}" height="${height}" rx="8"/>`,
    ...parts,
    '</svg>\n',
  ].join('\n');

/**
 * @param {number} x
 * @param {number} y baseline
 * @param {string} content
 * @param {{ anchor?: 'start' | 'middle' | 'end', bold?: boolean, soft?: boolean }} [look]
 */
export const text = (x, y, content, { anchor = 'middle', bold = false, soft = false } = {}) =>
  `<text class="${soft ? 'soft' : 'ink'}" x="${x}" y="${y}" text-anchor="${anchor}"${bold ? ' font-weight="600"' : ''}>${escape(content)}</text>`;

/**
 * Lines around the middle of a box; of a bold title the others are softer.
 * @param {number} x
 * @param {number} y
 * @param {readonly string[]} content
 * @param {boolean} bold
 */
const lines = (x, y, content, bold) =>
  content
    .map((line, index) =>
      text(x, y + (index - (content.length - 1) / 2) * LINE + 5, line, {
        bold: bold && index === 0,
        soft: bold && index > 0,
      }),
    )
    .join('\n');

/**
 * @param {{ x: number, y: number, width: number, height: number }} place
 * @param {Tone} tone
 * @param {readonly string[]} content
 */
export const box = ({ x, y, width, height }, tone, content, bold = content.length > 1) =>
  `<rect class="${tone}" x="${x}" y="${y}" width="${width}" height="${height}" rx="6"/>\n` +
  lines(x + width / 2, y + height / 2, content, bold);

/**
 * @param {readonly (readonly [x: number, y: number])[]} points
 * @param {{ dashed?: boolean, tip?: boolean }} [look]
 */
export const arrow = (points, { dashed = false, tip = true } = {}) =>
  `<path class="stroke" d="M${points.map((point) => point.join(' ')).join(' L')}"${dashed ? ' stroke-dasharray="5 4"' : ''}${tip ? ' marker-end="url(#tip)"' : ''}/>`;
