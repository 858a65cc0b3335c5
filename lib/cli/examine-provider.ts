import { namedIssuerOf } from '../discovery/check-metadata.js';
import { describeError } from '../errors/identity-error.js';
import { chooseTtlMs, readFreshnessMs } from '../http/freshness.js';
import { tlsRemedy } from '../http/remedies.js';
import type { SkippedKey, VerificationKey } from '../jwks/import-key.js';
import { nameOf } from '../jwks/key-set.js';
import { quoted } from '../model/printable.js';
import type { ResolvedLifetime } from '../options/resolved-options.js';
import type { Exchange } from './exchange-recorder.js';
import type { Finding } from './finding.js';
import type { ProviderSession } from './provider-session.js';

/** A cold start adds it to the first request of a user. */
const SLOW_MS = 1_000;

/** Looks at metadata and keys as the module gets them, and at what came with them. */
export async function examineProvider(session: ProviderSession): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const jwksUri = session.issuer.jwksUri ?? (await examineMetadata(session, findings));
  if (jwksUri !== undefined) await examineKeys(session, jwksUri, findings);
  // Last, because its findings are about the answers to the requests that were made until here.
  for (const exchange of session.recorder.exchanges) {
    if (exchange.status === 200) findings.push(...examineTiming(exchange, session.options.clockToleranceMs));
  }
  return findings;
}

/** @returns the URL of the key set, where there is one to be had. */
async function examineMetadata(session: ProviderSession, findings: Finding[]): Promise<string | undefined> {
  const { discovery, recorder, options } = session;
  try {
    const metadata = await discovery.get();
    const exchange = recorder.exchanges.findLast(({ status }) => status === 200);
    findings.push({
      about: 'metadata',
      verdict: 'ok',
      text: `${exchange?.url ?? 'the document'} names this issuer, and keys at ${metadata.jwks_uri}`,
    });
    if (exchange !== undefined) findings.push(describeCaching('metadata', exchange, options.discovery));
    return metadata.jwks_uri;
  } catch (error) {
    findings.push({ about: 'metadata', verdict: 'fault', ...describeFault(error) });
    return undefined;
  }
}

/**
 * The set as the module would use it. If no key of it is usable, `get` fails, and the keys that were skipped on the way say why:
 * those come from the session, since no set was handed out.
 */
async function examineKeys(session: ProviderSession, jwksUri: string, findings: Finding[]): Promise<void> {
  const { jwks, recorder, options } = session;
  try {
    const set = await jwks.get();
    const count = set.keys.length;
    findings.push({
      about: 'keys',
      verdict: 'ok',
      text: `${String(count)} usable ${count === 1 ? 'key' : 'keys'} at ${jwksUri}`,
    });
    for (const key of set.keys) findings.push({ about: 'key', verdict: 'ok', text: describeKey(key) });
    findings.push(...set.skipped.map(describeSkipped));
    if (set.keys.some(({ kid }) => kid === undefined)) {
      findings.push({
        about: 'keys',
        verdict: 'warning',
        text: 'some keys have no id',
        advice: 'a rotation is found by its new key id; without ids it is found when the set is renewed',
      });
    }
    const exchange = recorder.find(new URL(jwksUri).href);
    if (exchange !== undefined) findings.push(describeCaching('keys', exchange, options.jwks));
  } catch (error) {
    findings.push({ about: 'keys', verdict: 'fault', ...describeFault(error) });
    findings.push(...session.skipped.map(describeSkipped));
  }
}

/** A note, not a warning: sets often hold keys for encryption, and the module is right to leave them out. */
function describeSkipped({ kid, reason }: SkippedKey): Finding {
  const name = kid === undefined ? 'a key without id' : `key ${quoted(kid)}`;
  return { about: 'key', verdict: 'note', text: `${name} is not used: ${reason}` };
}

/** Algorithms are those that this Node.js can verify, which may be fewer than the provider offers. */
function describeKey(key: VerificationKey): string {
  const kind = key.crv === undefined ? key.kty : `${key.kty} ${key.crv}`;
  const bits = key.key.asymmetricKeyDetails?.modulusLength;
  const size = bits === undefined ? '' : ` of ${String(bits)} bits`;
  return `key ${quoted(nameOf(key))}: ${kind}${size}, for ${key.prepared.map(({ algorithm }) => algorithm.name).join(', ')}`;
}

/** What the module makes of the cache headers. */
function describeCaching(what: string, { headers }: Exchange, lifetime: ResolvedLifetime): Finding {
  const said = headers['cache-control'] ?? (headers['expires'] === undefined ? undefined : 'Expires');
  const freshnessMs = readFreshnessMs(headers, Date.now());
  const ttlSec = Math.round(chooseTtlMs(freshnessMs, lifetime) / 1000);
  const why =
    freshnessMs === undefined
      ? `the default, because ${said === undefined ? 'there are no cache headers' : `"${said.slice(0, 80)}" gives no time to follow`}`
      : `by "${(said ?? '').slice(0, 80)}"`;
  return { about: 'caching', verdict: 'ok', text: `${what}: fresh for ${String(ttlSec)} s, ${why}` };
}

/**
 * Compares the clocks by the `Date` of an answer (RFC 9110 section 6.6.1). A difference beyond `clockToleranceMs` is a fault, because
 * good tokens are rejected: as not yet valid on a machine that is behind, as expired on one that is ahead.
 */
function examineTiming(exchange: Exchange, clockToleranceMs: number): readonly Finding[] {
  const { url, durationMs, headers, atWallMs } = exchange;
  const slow = durationMs > SLOW_MS;
  const time: Finding = {
    about: 'time',
    verdict: slow ? 'warning' : 'ok',
    text: `${url} answered within ${String(Math.round(durationMs))} ms`,
    ...(slow ? { advice: 'a cold start waits for it; warmUp fetches before the first request comes' } : {}),
  };
  const dateMs = Date.parse(headers['date'] ?? '');
  if (Number.isNaN(dateMs)) return [time];
  // `Date` has whole seconds, and the answer may have been made at any moment of the exchange.
  const uncertaintyMs = 1_000 + durationMs / 2;
  const skewMs = dateMs + 500 - atWallMs;
  const offMs = Math.max(0, Math.abs(skewMs) - uncertaintyMs);
  if (offMs === 0) return [time];
  const text = `the provider's clock is ${String(Math.round(Math.abs(skewMs) / 1000))} s ${skewMs > 0 ? 'ahead of' : 'behind'} this one`;
  const verdict = offMs > clockToleranceMs ? 'fault' : 'warning';
  return [
    time,
    {
      about: 'time',
      verdict,
      text,
      advice: 'set both clocks by NTP; clockToleranceMs covers small differences',
    },
  ];
}

/** What usually helps; by what OpenSSL, undici and this package call the fault. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/ENOTFOUND|EAI_AGAIN/, 'is the host name right, and known to the DNS of this machine?'],
  [/ECONNREFUSED/, 'is it running, and is the port right?'],
  [
    /status 50[234]/,
    'a proxy in front of the provider answers, the provider behind it does not: does it run, and does the proxy know it?',
  ],
  [
    /status 400/,
    'if the body says "No required SSL certificate was sent", nginx requires a client certificate: http.tls.cert and http.tls.key',
  ],
  [/status 404/, 'open the URL in a browser; --discovery-url names another place'],
  [
    /not (an )?https/,
    'name the https URL: --discovery-url or --jwks-uri here, "discoveryUrl" or "jwksUri" in the options; or mend it at ' +
      'the provider, whose public URL a proxy may have to pass on. --allow-insecure is for tests only',
  ],
  [/within \d+ ms/, 'a firewall or a proxy in between? --timeout-ms waits longer'],
];

/** The log has the advice in the same line; here it stands below. */
function describeFault(error: unknown): Pick<Finding, 'text' | 'advice'> {
  const text = describeError(error);
  const { advice } = adviceFor(error);
  return advice === undefined ? { text } : { text: text.replace(`; ${advice}`, ''), advice };
}

/**
 * Of all causes, one that names another issuer comes first: it says exactly what to configure. The text of the others is matched,
 * because OpenSSL and undici have no common codes.
 */
function adviceFor(error: unknown): { readonly advice?: string } {
  for (let at = error; at instanceof Error; at = at.cause) {
    const named = namedIssuerOf(at);
    if (named === null) return { advice: 'the document has no "issuer": is it the metadata at all?' };
    if (named !== undefined)
      return { advice: `it names ${quoted(named)}: if that is your provider, configure it exactly` };
  }
  const text = describeError(error);
  const advice = tlsRemedy(text) ?? REMEDIES.find(([pattern]) => pattern.test(text))?.[1];
  return advice === undefined ? {} : { advice };
}
