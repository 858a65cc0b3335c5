import { IdentityError } from '../errors/identity-error.js';
import type { JsonObject } from '../model/json.js';
import { isUrlAllowed, parseUrl } from '../model/url-policy.js';
import type { HttpSettings } from '../options/http-settings.js';
import type { IdentityModuleOptions } from '../options/module-options.js';
import { resolveOptions } from '../options/resolve-options.js';
import { ApiProbe } from './api-probe.js';
import { examineAuthorizationServer, type ServerContext } from './examine-authorization-server.js';
import { examineChallenge } from './examine-challenge.js';
import { examineDocument } from './examine-document.js';
import { examineIdentifier, readScopes } from './examine-metadata-members.js';
import { examineTls } from './examine-tls.js';
import { toReport, type DoctorReport, type Finding } from './finding.js';
import { httpOptionsOf } from './http-options-of.js';
import { mismatch } from './mismatch-finding.js';
import { reachOf } from './reach.js';
import { UsageError, type ResourceArguments } from './read-arguments.js';

/** A hostile document must not have us ask all the world. */
const MOST_SERVERS = 3;

/**
 * Looks at a running API from outside, as a client without a token does: its challenge, the metadata of the resource, and the
 * authorization servers that this names.
 *
 * @throws {UsageError} the URL, or the options for requests, cannot be used.
 */
export async function examineApi(asked: ResourceArguments): Promise<DoctorReport> {
  const { resource } = asked;
  const url = parseUrl(resource);
  if (url === undefined || !isUrlAllowed(resource, asked.allowInsecureOrigins) || url.hash !== '') {
    throw new UsageError(
      '--resource expects an https URL without fragment; --allow-insecure allows an http origin',
    );
  }
  const http = httpOptionsOf(asked);
  const probe = new ApiProbe(settingsFor(url, http));
  try {
    const { findings: seen, isReachable, metadataUrl } = await examineChallenge(probe, url);
    const findings: Finding[] = [...seen];
    if (isReachable) {
      const { findings: found, document } = await examineDocument(probe, resource, metadataUrl);
      findings.push(...found);
      if (document !== undefined) {
        const reach = asked.allowPrivate ? 'machine' : reachOf(url, probe.addresses);
        findings.push(...(await examineMembers(document, asked, { http, reach })));
      }
      if (url.protocol === 'https:')
        findings.push(...(await examineTls(url.origin, probe.settings, Date.now())));
    }
    return toReport({ resource }, findings);
  } finally {
    await probe.close();
  }
}

/** The settings of an issuer at the origin of the API, so that headers and client certificate go there and nowhere else. */
function settingsFor(url: URL, http: NonNullable<IdentityModuleOptions['http']>): HttpSettings {
  try {
    const [api] = resolveOptions({ issuer: url.origin, audience: null, http }).issuers;
    if (api === undefined) throw new Error('resolved options without an issuer');
    return api.http;
  } catch (error) {
    if (error instanceof IdentityError) throw new UsageError(error.message);
    throw error;
  }
}

async function examineMembers(
  document: JsonObject,
  asked: ResourceArguments,
  { http, reach }: Pick<ServerContext, 'http' | 'reach'>,
): Promise<readonly Finding[]> {
  const { scopes, findings } = readScopes(document);
  const { resource: named, authorization_servers: listed } = document;
  const resource = typeof named === 'string' ? named : asked.resource;
  const all: readonly unknown[] = Array.isArray(listed) ? listed : [];
  const servers = all.filter((issuer) => typeof issuer === 'string');
  const ofServers: Finding[] = [];
  if (servers.length === 0 || servers.length < all.length) {
    ofServers.push(mismatch('servers_missing', `"authorization_servers" is ${describeServers(listed)}`));
  }
  if (servers.length > MOST_SERVERS) {
    const text = `of ${String(servers.length)} authorization servers, the first ${String(MOST_SERVERS)} are looked at`;
    ofServers.push(mismatch('servers_many', text));
  }
  const { tls, headers: _, ...plain } = http;
  const context = {
    resource,
    scopes,
    reach,
    http: { ...plain, ...(tls?.ca === undefined ? {} : { tls: { ca: tls.ca } }) },
  };
  const examined = await Promise.all(
    [...new Set(servers.slice(0, MOST_SERVERS))].map((issuer) => examineAuthorizationServer(issuer, context)),
  );
  return [...examineIdentifier(document, asked.resource), ...ofServers, ...findings, ...examined.flat()];
}

function describeServers(listed: unknown): string {
  if (listed === undefined) return 'missing';
  return Array.isArray(listed) && listed.length === 0 ? 'an empty list' : 'not a list of issuers';
}
