/** Documents that a test provider serves. */
export type Endpoint = 'discovery' | 'jwks';

/** How a provider misbehaves. */
export type Misbehaviour =
  /** No answer: the connection breaks. */
  | 'down'
  /** Answers late. */
  | 'slow'
  /** Takes the request and never answers. */
  | 'stall'
  /** Status 500. */
  | 'error'
  /** Status 429, with `Retry-After`. */
  | 'busy'
  /** Status 200 and no JSON. */
  | 'garbage'
  /** Metadata of another issuer. */
  | 'wrong issuer'
  /** A key set without a key. */
  | 'no keys';

export interface MisbehaviourOptions {
  /** Only there. @default both */
  readonly endpoint?: Endpoint | undefined;
  /** How late `slow` is, in milliseconds. @default 1000 */
  readonly delayMs?: number | undefined;
  /** What `busy` asks for, in seconds. @default 1 */
  readonly retryAfterSec?: number | undefined;
}

/** What the provider of a test says to one request. */
export type ProviderAnswer =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly body: string;
      readonly headers: Headers;
      readonly delayMs: number;
    }
  | { readonly kind: 'down' }
  | { readonly kind: 'stall' };

type Headers = Readonly<Record<string, string>>;

export interface ProviderState {
  readonly issuer: string;
  /** Where it is: the issuer itself, unless that is no URL of the web. */
  readonly address: string;
  readonly keys: readonly object[];
  readonly cacheControl: string | undefined;
  readonly fault: ({ readonly how: Misbehaviour } & MisbehaviourOptions) | undefined;
}

const JWKS_PATH = '/jwks';

/** Whether metadata can be found by the name of an issuer alone (RFC 8414 section 2). */
export function isWebAddress(issuer: string): boolean {
  return /^https?:\/\//i.test(issuer) && URL.canParse(issuer);
}

/** Both kinds of well-known path, wherever the issuer's own path stands (RFC 8414 section 3.1). */
export function endpointOf(path: string): Endpoint | undefined {
  if (/\/\.well-known\/(openid-configuration|oauth-authorization-server)/.test(path)) return 'discovery';
  return path.split('?')[0]?.endsWith(JWKS_PATH) === true ? 'jwks' : undefined;
}

/** Metadata (OpenID Connect Discovery 1.0 section 4.2), the key set (RFC 7517), or what is wrong today. */
export function answerTo(endpoint: Endpoint | undefined, state: ProviderState): ProviderAnswer {
  if (endpoint === undefined) return json(404, { error: 'not_found' });
  const { fault } = state;
  if (fault === undefined || (fault.endpoint ?? endpoint) !== endpoint) return goodAnswer(endpoint, state);
  switch (fault.how) {
    case 'down':
      return { kind: 'down' };
    case 'stall':
      return { kind: 'stall' };
    case 'slow':
      return { ...goodAnswer(endpoint, state), delayMs: fault.delayMs ?? 1_000 };
    case 'error':
      return json(500, { error: 'server_error' });
    case 'busy':
      return json(429, { error: 'slow_down' }, { 'retry-after': String(fault.retryAfterSec ?? 1) });
    case 'garbage':
      return { ...json(200, {}), body: '<html>It works!</html>' };
    case 'wrong issuer':
      return goodAnswer(endpoint, { ...state, issuer: 'https://issuer.invalid' });
    case 'no keys':
      return goodAnswer(endpoint, { ...state, keys: [] });
  }
}

/**
 * Only the members that the module reads. `issuer` and the address differ if the issuer is no web address, such as a URN: then the
 * documents are elsewhere, as with a real `discoveryUrl`.
 */
function goodAnswer(endpoint: Endpoint, { issuer, address, keys, cacheControl }: ProviderState): JsonAnswer {
  const headers: Headers = cacheControl === undefined ? {} : { 'cache-control': cacheControl };
  if (endpoint === 'jwks') return json(200, { keys }, headers);
  return json(200, { issuer, jwks_uri: `${address.replace(/\/+$/, '')}${JWKS_PATH}` }, headers);
}

type JsonAnswer = Extract<ProviderAnswer, { kind: 'answer' }>;

function json(status: number, value: object, headers: Headers = {}): JsonAnswer {
  return {
    kind: 'answer',
    status,
    body: JSON.stringify(value),
    headers: { 'content-type': 'application/json', ...headers },
    delayMs: 0,
  };
}
