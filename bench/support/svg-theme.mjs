// The colours of charts on dark pages. Rules of a style win over attributes, so that a chart names its colours once.

const DARK = {
  '#ffffff': '#161b22',
  '#111827': '#e6edf3',
  '#374151': '#c5ced8',
  '#e5e7eb': '#30363d',
  '#2563eb': '#6ea8fe',
  '#d97706': '#f0a53a',
  '#059669': '#34d399',
  '#dc2626': '#f87171',
  '#7c3aed': '#b197fc',
  '#0891b2': '#22d3ee',
};
const rules = Object.entries(DARK).map(
  ([light, dark]) => `[fill="${light}"]{fill:${dark}}[stroke="${light}"]{stroke:${dark}}`,
);

/** One line, the first in the file. */
export const DARK_THEME = `<style>@media (prefers-color-scheme:dark){${rules.join('')}}</style>`;
