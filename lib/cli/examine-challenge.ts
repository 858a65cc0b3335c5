import { printableUrl } from '../http/printable-url.js';
import { quoted } from '../model/printable.js';
import { parseUrl } from '../model/url-policy.js';
import type { ApiProbe, Probed } from './api-probe.js';
import type { Finding } from './finding.js';
import { mismatch, SERVER_FAILED } from './mismatch-finding.js';
import { readChallenges } from './read-challenge.js';

/** What a request without a token brought. */
export interface ChallengeResult {
  readonly findings: readonly Finding[];
  /** Whether the API answered at all. */
  readonly isReachable: boolean;
  /** Where the challenge points to, if that is on the origin that was asked. */
  readonly metadataUrl: URL | undefined;
}

/** A route may be there for POST only, as those of MCP servers are. */
const ASK_BY_POST = [400, 404, 405, 406, 415, 426];

/** Asks without a token, as clients do that know nothing but the URL. POST comes without a body, so that it does nothing. */
export async function examineChallenge(probe: ApiProbe, url: URL): Promise<ChallengeResult> {
  const got = await probe.ask('GET', url);
  const posted =
    'answer' in got && ASK_BY_POST.includes(got.answer.status) ? await probe.ask('POST', url) : undefined;
  const isSeen = posted !== undefined && 'answer' in posted && !ASK_BY_POST.includes(posted.answer.status);
  return judge(isSeen ? posted : got, isSeen ? `POST ${url.href}` : `GET ${url.href}`, url);
}

function judge(probed: Probed, what: string, url: URL): ChallengeResult {
  const result = (finding: Finding, isReachable = true): ChallengeResult => ({
    findings: [finding],
    isReachable,
    metadataUrl: undefined,
  });
  if ('failure' in probed)
    return result(mismatch('api_unreachable', `${what} failed: ${probed.failure}`), false);
  const { status, headers } = probed.answer;
  const said = `${what} without a token: status ${String(status)}`;
  if (status >= 200 && status < 300) return result(mismatch('api_open', said));
  if (ASK_BY_POST.includes(status)) return result(mismatch('route_unseen', `${said}, for POST as well`));
  if (status !== 401) return result(refusal(status, headers['location'], said));
  const challenges = readChallenges(headers['www-authenticate'] ?? '');
  const bearer = challenges.find(({ scheme }) => scheme === 'bearer' || scheme === 'dpop');
  if (bearer === undefined) {
    const schemes = challenges.slice(0, 5).map(({ scheme }) => quoted(scheme, 30));
    const others = schemes.length === 0 ? 'no challenge' : `challenges for ${schemes.join(', ')} only`;
    return result(mismatch('challenge_missing', `${said} with ${others}`));
  }
  const named = challenges
    .map(({ parameters }) => parameters.get('resource_metadata'))
    .find((value) => value !== undefined);
  if (named === undefined)
    return result(mismatch('challenge_no_metadata', `${said}, without resource_metadata`));
  return { ...comparePlace(named, url, said), isReachable: true };
}

function refusal(status: number, location: string | undefined, said: string): Finding {
  const to = location === undefined ? '' : `, to ${printableUrl(location)}`;
  return mismatch('api_refuses', `${said}, not 401${to}`, status >= 500 ? SERVER_FAILED : undefined);
}

/** Only what is on the origin that was asked is fetched: the challenge is the word of a stranger. */
function comparePlace(
  named: string,
  url: URL,
  said: string,
): Pick<ChallengeResult, 'findings' | 'metadataUrl'> {
  const text = `${said}, with resource_metadata=${quoted(named)}`;
  const target = parseUrl(named);
  if (target?.origin === url.origin) {
    return { findings: [{ about: 'api', verdict: 'ok', text }], metadataUrl: target };
  }
  if (target === undefined) {
    const advice = 'resource_metadata is an absolute URL (RFC 9728 section 5.1)';
    return { findings: [mismatch('challenge_host', text, advice)], metadataUrl: undefined };
  }
  const isOtherScheme = target.protocol !== url.protocol && target.hostname === url.hostname;
  const finding = mismatch(
    isOtherScheme ? 'challenge_scheme' : 'challenge_host',
    `${text}, which is not at ${url.origin}`,
  );
  return { findings: [finding], metadataUrl: undefined };
}
