import { readFileSync } from 'node:fs';
import * as tls from 'node:tls';
import { LRUCache } from 'lru-cache';
import type { HttpSettings } from '../options/http-settings.js';

/** What Node.js trusts by itself. Since 22.15 it can tell, with what NODE_EXTRA_CA_CERTS and its flags add. */
function authoritiesOfNode(): readonly string[] {
  const { getCACertificates } = tls as { getCACertificates?: (type: 'default') => string[] };
  return getCACertificates?.('default') ?? [...tls.rootCertificates, ...extraAuthorities()];
}

/** Node.js itself warns at its start if it cannot read the file. */
function extraAuthorities(): readonly string[] {
  const file = process.env['NODE_EXTRA_CA_CERTS'];
  if (file === undefined || file === '') return [];
  try {
    return [readFileSync(file, 'utf8')];
  } catch {
    return [];
  }
}

/**
 * Certificates and authorities of the connections; undefined for what Node.js does by itself. Authorities of the
 * configuration and of the environment never take the place of those of Node.js.
 *
 * @param withClientCertificate - whether the other side may see it.
 * @throws {Error} what OpenSSL says of certificates that it cannot read.
 */
export function createTrust(
  { tls: options, authorities }: Pick<HttpSettings, 'tls' | 'authorities'>,
  withClientCertificate: boolean,
): tls.SecureContext | undefined {
  const own = [...authorities, ...(options?.ca === undefined ? [] : [options.ca].flat())];
  const { cert, key, pfx, passphrase } = withClientCertificate ? (options ?? {}) : {};
  const hasCertificate = cert !== undefined || key !== undefined || pfx !== undefined;
  if (own.length === 0 && !hasCertificate) return undefined;
  // In one piece OpenSSL reads them three times as fast as one by one.
  const ca = own.length === 0 ? undefined : [...authoritiesOfNode(), ...own].map(String).join('\n');
  if (!hasCertificate && ca !== undefined) return shareContext(ca);
  return tls.createSecureContext({
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(pfx === undefined ? {} : { pfx }),
    ...(passphrase === undefined ? {} : { passphrase }),
  });
}

/** Hundreds of certificates take tens of milliseconds to read, in which nothing else runs: once for all tenants. */
function shareContext(ca: string): tls.SecureContext {
  let context = shared.get(ca);
  if (context === undefined) {
    context = tls.createSecureContext({ ca });
    shared.set(ca, context);
  }
  return context;
}

const shared = new LRUCache<string, tls.SecureContext>({ max: 16 });
