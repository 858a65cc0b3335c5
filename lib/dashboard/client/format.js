// Numbers and times in words. Pure.

const COUNT = new Intl.NumberFormat('en');
const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const DATE = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
});
const DAY_MS = 86_400_000;

/** @param {number} value */
export function formatCount(value) {
  return COUNT.format(value);
}

/**
 * What is not all never reads as 100 %, and what is not nothing never as 0 %.
 *
 * @param {number} ratio - from 0 to 1.
 */
export function formatPercent(ratio) {
  const percent = ratio * 100;
  if (percent === 0 || percent === 100) return `${percent} %`;
  if (percent < 0.1) return '< 0.1 %';
  if (percent > 99.9) return `${(Math.floor(percent * 100) / 100).toFixed(2)} %`;
  return `${percent.toFixed(1)} %`;
}

/** @param {number} perSecond */
export function formatRate(perSecond) {
  if (perSecond === 0) return '0';
  if (perSecond < 0.1) return '< 0.1';
  return perSecond < 10 ? perSecond.toFixed(1) : COUNT.format(Math.round(perSecond));
}

/**
 * How long something took.
 *
 * @param {number} ms
 */
export function formatMs(ms) {
  if (ms === 0) return '0 ms';
  if (ms < 0.9995) return `${toPrecision(ms * 1_000)} µs`;
  return ms < 999.5 ? `${toPrecision(ms)} ms` : `${toPrecision(ms / 1_000)} s`;
}

/** @param {number} value */
function toPrecision(value) {
  return value < 9.95 ? value.toFixed(1) : COUNT.format(Math.round(value));
}

/**
 * How long ago, or how long to go: two units at most.
 *
 * @param {number} ms
 */
export function formatSpan(ms) {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10 && seconds % 60 > 0) return `${minutes} min ${seconds % 60} s`;
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 > 0 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  const days = Math.floor(hours / 24);
  return hours % 24 > 0 ? `${days} d ${hours % 24} h` : `${days} d`;
}

/**
 * The length of the sliding window, which is known to ten seconds only.
 *
 * @param {number} ms
 */
export function formatWindow(ms) {
  return formatSpan(Math.round(ms / 10_000) * 10_000);
}

/** As in lib/model/printable.ts, which the browser cannot load; but for line breaks and spaces, which a page may show. */
const UNPRINTABLE = /(?!\n)[\p{C}\p{Zl}\p{Zp}]/gu;

/**
 * What a provider or a token says, with whatever would turn, hide or break it for the reader escaped as in JSON.
 *
 * @param {string} text
 */
export function printable(text) {
  return text.replaceAll(UNPRINTABLE, (character) =>
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
}

/**
 * A moment in the reader's time zone; with its day where that is not today.
 *
 * @param {number} atMs - milliseconds since 1970.
 * @param {number} nowMs
 */
export function formatMoment(atMs, nowMs) {
  const isNear = Math.abs(nowMs - atMs) < DAY_MS / 2;
  return (isNear ? CLOCK : DATE).format(atMs);
}
