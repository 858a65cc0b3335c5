// A bar chart as SVG text, readable on light and dark pages.
import { DARK_THEME } from './svg-theme.mjs';

const WIDTH = 760;
const LEFT = 290;
const BAR = 22;
const TOP = 44;

/**
 * @param {{ title: string, bars: readonly { name: string, value: number, own: boolean }[] }} chart
 * @returns {string}
 */
export function drawBars({ title, bars }) {
  const height = TOP + bars.length * (BAR + 8) + 12;
  const most = Math.max(...bars.map(({ value }) => value));
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="13">`,
    DARK_THEME,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    `<text x="${WIDTH / 2}" y="24" text-anchor="middle" font-size="15" fill="#111827">${title}</text>`,
  ];
  for (const [index, { name, value, own }] of bars.entries()) {
    const y = TOP + index * (BAR + 8);
    const width = Math.max(2, (value / most) * (WIDTH - LEFT - 80));
    parts.push(
      `<text x="${LEFT - 10}" y="${y + 16}" text-anchor="end" fill="#111827"${own ? ' font-weight="bold"' : ''}>${name}</text>`,
      `<rect x="${LEFT}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" rx="3" fill="${own ? '#2563eb' : '#9ca3af'}"/>`,
      `<text x="${(LEFT + width + 8).toFixed(1)}" y="${y + 16}" fill="#374151">${value < 0.1 ? value.toFixed(3) : value.toFixed(2)}</text>`,
    );
  }
  parts.push('</svg>');
  return `${parts.join('\n')}\n`;
}
