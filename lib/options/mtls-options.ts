import { readTrustedProxies, type WrongRange } from '../certificates/trusted-proxies.js';
import { oneOf, option, refused, textList } from './kinds.js';
import { expected, type OptionIssue } from './option-issues.js';
import type { GivenOf, Group, Option, Rule, ValueOf } from './schema.js';

/** Where the certificate of a client is found. */
export type CertificatePlace = 'socket' | CertificateHeader;
/** The form of a header in which a proxy hands a certificate on. */
export type CertificateHeader = 'client-cert' | 'nginx' | 'envoy' | 'aws-alb';

/** The names of these headers if the option `header` says nothing else, in lower case. */
export const CERTIFICATE_HEADERS: Readonly<Record<CertificateHeader, string>> = {
  'client-cert': 'client-cert',
  nginx: 'x-ssl-client-cert',
  envoy: 'x-forwarded-client-cert',
  'aws-alb': 'x-amzn-mtls-clientcert',
};

/** Names that are for something else: what clients say, and what proxies say of them, which comes from proxies that know no certificate, too. */
const TAKEN = new Set(
  (
    'authorization cookie dpop host origin referer user-agent connection upgrade forwarded via x-real-ip x-forwarded x-forwarded-for ' +
    'x-forwarded-by x-forwarded-host x-forwarded-port x-forwarded-prefix x-forwarded-proto x-forwarded-server x-forwarded-ssl'
  ).split(' '),
);

/** Names are compared in lower case (RFC 9110 section 5.1). */
function headerName(): Option<string, string | undefined> {
  return option<string, string | undefined>(undefined, (given) => {
    const isName = typeof given === 'string' && /^[\w!#$%&'*+.^`|~-]+$/.test(given);
    if (!isName) return refused(expected('the name of a header (RFC 9110 section 5.1)', given));
    const name = given.toLowerCase();
    return TAKEN.has(name) ? refused(`is the name of another header, '${name}'`) : { value: name };
  });
}

/** A trusted address can take the place of every client. */
function findProxyIssues(ranges: readonly string[]): readonly OptionIssue[] {
  return readTrustedProxies(ranges).wrong.map(({ range, problem }) => ({
    message: PROXY_PROBLEMS[problem](range),
  }));
}

const PROXY_PROBLEMS: Readonly<Record<WrongRange['problem'], (range: string) => string>> = {
  'no-range': (range) => expected("an IP address, or a range such as '10.0.0.0/8'", range),
  mapped: (range) => `'${range}' has addresses of IPv4 in a range of IPv6; write them as IPv4`,
  wide: (range) =>
    `'${range}' trusts too many addresses, each of which could write the header; name those of your proxies: /8 or longer for IPv4, /7 for IPv6`,
};

const MTLS_OPTIONS = {
  /**
   * Where the certificate of the client is: `socket` is the TLS connection to this server. The others are forms of a header that a
   * proxy sets: `client-cert` (RFC 9440, HAProxy), `nginx`, `envoy`, `aws-alb`. @default 'socket'
   */
  certificate: oneOf<CertificatePlace>('socket', ['socket', 'client-cert', 'nginx', 'envoy', 'aws-alb']),
  /**
   * The name of that header: `client-cert`, `x-ssl-client-cert`, `x-forwarded-client-cert` or `x-amzn-mtls-clientcert`, if it says
   * nothing else. @default that of the form
   */
  header: headerName(),
  /**
   * Addresses of the proxies that set the header, or ranges: `['10.0.0.0/8', '2001:db8::7']`. Compared with the other end of the TCP
   * connection. The header from any other address is a 401. @default []
   */
  trustedProxies: textList<readonly string[]>(Object.freeze([]), findProxyIssues),
};

type Mtls = ValueOf<typeof MTLS_OPTIONS>;

/** Where certificates of clients are found, for tokens that are bound to one (RFC 8705 section 3). */
export interface MtlsOptions extends GivenOf<typeof MTLS_OPTIONS> {}

export type ResolvedMtls = Mtls;

/** Anybody can write a header: without addresses none could be trusted. */
const proxiesAreNamed: Rule<Mtls> = ({ certificate }, isGiven) => {
  if (certificate === 'socket' || isGiven('trustedProxies')) return [];
  const message = `is missing: the addresses of the proxies that set the header; certificate: '${certificate}' believes no others`;
  return [{ path: 'trustedProxies', message }];
};

const socketHasNoHeader: Rule<Mtls> = ({ certificate }, isGiven) => {
  if (certificate !== 'socket') return [];
  const message =
    "has no effect with certificate: 'socket', which reads no header; name its form: 'client-cert', 'nginx', 'envoy' or 'aws-alb'";
  return ['header', 'trustedProxies'].filter(isGiven).map((path) => ({ path, message }));
};

export const MTLS_GROUP: Group<Mtls> = {
  rows: MTLS_OPTIONS,
  hints: {
    proxies: 'unknown option; it is "trustedProxies"',
    headerName: 'unknown option; it is "header"',
    required: "unknown option; it is senderConstrained: 'require'",
  },
  rules: [proxiesAreNamed, socketHasNoHeader],
};
