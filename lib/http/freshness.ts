import { trimOptionalWhitespace } from '../model/optional-whitespace.js';

/** How long an answer of a provider is believed. All in milliseconds. */
export interface TtlRange {
  /** Where the answer does not say. */
  readonly ttlMs: number;
  readonly minTtlMs: number;
  readonly maxTtlMs: number;
}

type Headers = Readonly<Record<string, string | undefined>>;

const MAX_SECONDS = 2 ** 31;

/**
 * The time that an answer stays fresh by its own account (RFC 9111 section 4.2.1, `max-age`, then
 * `Expires`), less the `Age` it already has; undefined where it says nothing that can be followed.
 *
 * Providers send `no-store`, `no-cache`, `max-age=0` and past dates with documents that change once a
 * month. Following these would mean a fetch for each request, so they count as saying nothing.
 *
 * @param headers - by their names in lower case.
 * @param nowMs - milliseconds since 1970, for answers without `Date`.
 */
export function readFreshnessMs(headers: Headers, nowMs: number): number | undefined {
  const directives = readDirectives(fieldOf(headers, 'cache-control'));
  if (directives.has('no-store') || directives.has('no-cache')) return undefined;
  const maxAge = directives.get('max-age');
  const lifetimeMs = maxAge === undefined ? readExpiryMs(headers, nowMs) : readSecondsMs(maxAge);
  // RFC 9111 section 4.2.3: a cache on the way has held the answer for that long already.
  const leftMs = lifetimeMs - readSecondsMs(trimOptionalWhitespace(fieldOf(headers, 'age')));
  return leftMs > 0 ? leftMs : undefined;
}

/** The time to live: what the answer says within the bounds, else the default. */
export function chooseTtlMs(freshnessMs: number | undefined, range: TtlRange): number {
  if (freshnessMs === undefined) return range.ttlMs;
  // The minimum keeps a provider that says one second from being asked each second; the maximum keeps a withdrawn key from
  // being believed for as long as the provider, by mistake, allows.
  return Math.min(Math.max(freshnessMs, range.minTtlMs), range.maxTtlMs);
}

function fieldOf(headers: Headers, name: string): string {
  // Stryker disable next-line StringLiteral: each text without a directive, a number or a date says as little as none.
  return headers[name] ?? '';
}

/** Directives by name; of repeated ones the shorter life counts (RFC 9111 section 4.2.1 leaves the choice). */
function readDirectives(value: string): ReadonlyMap<string, string> {
  const directives = new Map<string, string>();
  for (const [directive] of value.matchAll(DIRECTIVE)) {
    const key = directive.replace(/=.*/s, '').toLowerCase();
    const argument = directive.slice(key.length + 1).replaceAll('"', '');
    const known = directives.get(key);
    if (known === undefined || Number(argument) < Number(known)) directives.set(key, argument);
  }
  return directives;
}

const DIRECTIVE = /[!#$%&'*+.^`|~\w-]+(?:=(?:"[^"]*"|[^ \t,;"]*))?/g;

/** 0 for what is no number of seconds. */
function readSecondsMs(value: string): number {
  return /^\d+$/.test(value) ? Math.min(Number(value), MAX_SECONDS) * 1000 : 0;
}

/** NaN without a date. */
function readExpiryMs(headers: Headers, nowMs: number): number {
  const sentAtMs = readDateMs(fieldOf(headers, 'date'));
  const lifetimeMs = readDateMs(fieldOf(headers, 'expires')) - (Number.isNaN(sentAtMs) ? nowMs : sentAtMs);
  return Math.min(lifetimeMs, MAX_SECONDS * 1000);
}

/** RFC 9110 section 5.6.7. Only dates that say their zone; `0` and `-1`, as some servers send, are none: NaN. */
function readDateMs(value: string): number {
  return /^[A-Z][a-z]{2,8}, .* GMT$/.test(value) ? Date.parse(value) : NaN;
}
