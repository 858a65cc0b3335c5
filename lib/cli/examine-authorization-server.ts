import { describeError, IdentityError } from '../errors/identity-error.js';
import { quoted } from '../model/printable.js';
import { isUrlAllowed, parseUrl } from '../model/url-policy.js';
import type { IdentityModuleOptions } from '../options/module-options.js';
import { compareWithServer, type ResourceFacts } from './compare-with-server.js';
import { examineProvider } from './examine-provider.js';
import { examineTls } from './examine-tls.js';
import type { Finding } from './finding.js';
import { mismatch } from './mismatch-finding.js';
import { openSession, type ProviderSession } from './provider-session.js';
import { isReachableFor, reachOfName, type Reach } from './reach.js';

/** What is known of the API when its authorization servers are looked at. */
export interface ServerContext extends ResourceFacts {
  /** From where the API can be spoken to: its servers must be reachable from there. */
  readonly reach: Reach;
  /** Without credentials: the servers are named by a stranger. */
  readonly http: NonNullable<IdentityModuleOptions['http']>;
}

/** One of `authorization_servers`: found and read as the module would, and compared with the resource. */
export async function examineAuthorizationServer(
  issuer: string,
  context: ServerContext,
): Promise<readonly Finding[]> {
  const url = parseUrl(issuer);
  const said = `"authorization_servers" has ${quoted(issuer)}`;
  if (url === undefined || !/^https?:$/.test(url.protocol)) return [mismatch('server_invalid', said)];
  const reach = reachOfName(url);
  const mayBeThere = isReachableFor(context.reach, reach);
  const findings: Finding[] = [];
  if (!mayBeThere) findings.push(mismatch('server_private', `${said}, which is internal`));
  if (!isUrlAllowed(issuer, context.http.allowInsecureOrigins ?? [])) {
    findings.push(mismatch(url.protocol === 'http:' ? 'server_insecure' : 'server_invalid', said));
  }
  return findings.length > 0 ? findings : examineReachable(issuer, said, context);
}

async function examineReachable(
  issuer: string,
  said: string,
  context: ServerContext,
): Promise<readonly Finding[]> {
  let session: ProviderSession;
  try {
    const allowPrivateNetworks = context.reach !== 'everywhere';
    session = openSession({ issuer, audience: null, http: { ...context.http, allowPrivateNetworks } });
  } catch (error) {
    if (error instanceof IdentityError)
      return [mismatch('server_invalid', `${said}: ${describeError(error)}`)];
    throw error;
  }
  try {
    const findings = (await examineProvider(session)).flatMap(asServerFinding);
    const origins = new Set(session.recorder.exchanges.map(({ url }) => new URL(url).origin));
    for (const origin of origins) {
      if (origin.startsWith('https:')) {
        findings.push(...(await examineTls(origin, session.issuer.http, Date.now())));
      }
    }
    const metadata = await session.discovery.get().catch(() => undefined);
    return metadata === undefined ? findings : [...findings, ...compareWithServer(issuer, metadata, context)];
  } finally {
    await session.close();
  }
}

/** Of what is said of a provider, what clients meet; caching and clocks concern the API alone. */
function asServerFinding(finding: Finding): readonly Finding[] {
  const { about, verdict, text, advice } = finding;
  if (about !== 'metadata' && about !== 'keys') return [];
  if (verdict === 'ok') return [{ ...finding, about: about === 'keys' ? 'keys' : 'server' }];
  if (verdict !== 'fault') return [];
  if (/is not on the public Internet/.test(text)) return [mismatch('server_private', text)];
  if (about === 'keys') return [mismatch('keys_unreachable', text, advice)];
  if (/names another issuer/.test(text)) return [mismatch('server_other_issuer', text, advice)];
  return [mismatch('server_unreachable', text, advice)];
}
