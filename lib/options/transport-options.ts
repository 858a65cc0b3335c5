import { inspect } from 'node:util';
import { isUrlAllowed, parseUrl } from '../model/url-policy.js';
import { boolean, optionalGroup, text, textList } from './kinds.js';
import { expected } from './option-issues.js';
import type { GivenOf, Group, Rule, ValueOf } from './schema.js';

const COOKIE_OPTIONS = {
  /** The exact name; `__Host-…` keeps other hosts of the domain from setting it. */
  name: text('', (given) =>
    /^[\w!#$%&'*+.^`|~-]+$/.test(given)
      ? undefined
      : expected('the name of a cookie (RFC 6265 section 4.1.1)', given),
  ),
  /**
   * Origins of the pages, as browsers send them (RFC 6454 section 6.2): `['https://app.example.com']`. A socket that
   * brings the cookie without one of them is refused: any other site may have opened it (cross-site WebSocket hijacking).
   */
  origins: textList<readonly string[]>(Object.freeze([]), (given) =>
    given.flatMap((origin) => {
      const issue = findOriginIssue(origin);
      return issue === undefined ? [] : [{ message: `${inspect(origin.slice(0, 60))} ${issue}` }];
    }),
  ),
};

type Cookie = ValueOf<typeof COOKIE_OPTIONS>;

/** A cookie that may carry the token of a WebSocket, and the pages that may open one with it. */
export interface CookieTokenOptions extends Cookie {}

/** RFC 6454 section 6.2. A page that came over an open line may have been changed on the way. */
function findOriginIssue(origin: string): string | undefined {
  const url = parseUrl(origin);
  if (url === undefined || url.origin === 'null' || origin.includes('*')) {
    return 'is not an origin such as https://app.example.com; patterns are not supported';
  }
  if (url.origin !== origin) return `is never sent by a browser; write ${url.origin}`;
  return isUrlAllowed(origin, []) ? undefined : 'is not https; plain http is for loopback';
}

/** Without origins that are exactly what browsers send, any site could use the cookie. */
const cookieIsWhole: Rule<Cookie> = (_values, isGiven) =>
  [
    { path: 'name', message: 'is missing: the name of the cookie' },
    {
      path: 'origins',
      message: 'is missing: the origins of the pages that may open a WebSocket with the cookie',
    },
  ].filter(({ path }) => !isGiven(path));

const COOKIE_GROUP: Group<Cookie> = { rows: COOKIE_OPTIONS, rules: [cookieIsWhole] };

const TRANSPORT_OPTIONS = {
  /**
   * Reads `access_token` in the query of the URL that a WebSocket is opened with, too (RFC 6750 section 2.3).
   * URLs end up in logs. @default false
   */
  tokenFromUrl: boolean(false),
  /** Reads the member `access_token` of a microservice message's payload, too. @default false */
  tokenFromPayload: boolean(false),
  /** Closes a WebSocket when its token expires; without, its messages are refused from then on. @default false */
  closeExpired: boolean(false),
  /**
   * Reads the token of a WebSocket (ws, socket.io, GraphQL subscriptions) in a cookie of its handshake if nothing else
   * carries one, too. Never that of an HTTP request. @default none
   */
  tokenFromCookie: optionalGroup<CookieTokenOptions>()(COOKIE_GROUP),
};

/** What differs outside of HTTP: WebSockets, GraphQL subscriptions and microservices. */
export interface TransportOptions extends GivenOf<typeof TRANSPORT_OPTIONS> {}

export const TRANSPORT_GROUP: Group<ValueOf<typeof TRANSPORT_OPTIONS>> = { rows: TRANSPORT_OPTIONS };
