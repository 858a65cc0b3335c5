import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, it } from 'vitest';
import { rejectCrossSiteRead, rejectCrossSiteWrite, CSRF_HEADER } from './csrf-protection.js';

const host = 'api.example.com:8443';
const own = { [CSRF_HEADER]: '1', 'content-type': 'application/json', host };

describe('a request that does something', () => {
  it.each<[string, IncomingHttpHeaders]>([
    ['the page in today’s browsers', { ...own, 'sec-fetch-site': 'same-origin', origin: `https://${host}` }],
    ['the page in a browser without Sec-Fetch-Site', { ...own, origin: `http://${host}` }],
    ['another program', own],
    ['a charset', { ...own, 'content-type': 'Application/JSON; charset=utf-8' }],
    ['a name in upper case', { ...own, host: 'API.example.com:8443', origin: `http://${host}` }],
  ])('goes through from %s', (_name, headers) => {
    expect(rejectCrossSiteWrite(headers)).toBeUndefined();
  });

  it.each<[string, IncomingHttpHeaders, string]>([
    ['without the mark', { ...own, [CSRF_HEADER]: undefined }, 'csrf_header_missing'],
    ['with another mark', { ...own, [CSRF_HEADER]: '0' }, 'csrf_header_missing'],
    ['of a form', { ...own, 'content-type': 'application/x-www-form-urlencoded' }, 'not_json'],
    ['of a form with files', { ...own, 'content-type': 'multipart/form-data; boundary=x' }, 'not_json'],
    ['of a simple request', { ...own, 'content-type': 'text/plain' }, 'not_json'],
    ['that hides its type', { ...own, 'content-type': 'text/plain; application/json' }, 'not_json'],
    ['that hides its type better', { ...own, 'content-type': 'application/jsonp' }, 'not_json'],
    ['with what is no whitespace', { ...own, 'content-type': 'application/json\u00a0' }, 'not_json'],
    ['without a type', { ...own, 'content-type': undefined }, 'not_json'],
    ['of another site', { ...own, 'sec-fetch-site': 'cross-site' }, 'cross_site'],
    ['of a sister site', { ...own, 'sec-fetch-site': 'same-site' }, 'cross_site'],
    ['of nobody, which no script makes', { ...own, 'sec-fetch-site': 'none' }, 'cross_site'],
    ['of what is not known', { ...own, 'sec-fetch-site': '' }, 'cross_site'],
    ['of another origin', { ...own, origin: 'https://evil.example' }, 'cross_origin'],
    ['of another port', { ...own, origin: 'https://api.example.com' }, 'cross_origin'],
    ['of a name that only begins alike', { ...own, origin: `https://${host}.evil.example` }, 'cross_origin'],
    ['of an origin with our name in it', { ...own, origin: `https://${host}@evil.example` }, 'cross_origin'],
    ['of an opaque origin', { ...own, origin: 'null' }, 'cross_origin'],
    ['of an empty origin', { ...own, origin: '' }, 'cross_origin'],
    ['that hides where it went', { ...own, host: undefined, origin: `https://${host}` }, 'cross_origin'],
    [
      'of another site that claims our origin',
      { ...own, 'sec-fetch-site': 'cross-site', origin: `https://${host}` },
      'cross_site',
    ],
  ])('is refused %s', (_name, headers, reason) => {
    expect(rejectCrossSiteWrite(headers)).toBe(reason);
  });
});

describe('a request for data', () => {
  it.each<[string, IncomingHttpHeaders]>([
    ['the page', { 'sec-fetch-site': 'same-origin' }],
    ['the address bar', { 'sec-fetch-site': 'none' }],
    ['another program, with the mark', { host, [CSRF_HEADER]: '1' }],
    ['an older browser, with the mark', { host, origin: `https://${host}`, [CSRF_HEADER]: '1' }],
  ])('goes through from %s', (_name, headers) => {
    expect(rejectCrossSiteRead(headers)).toBeUndefined();
  });

  it.each<[string, IncomingHttpHeaders, string]>([
    ['another site', { 'sec-fetch-site': 'cross-site' }, 'cross_site'],
    ['a sister site', { 'sec-fetch-site': 'same-site' }, 'cross_site'],
    ['another origin', { host, origin: 'https://evil.example', [CSRF_HEADER]: '1' }, 'cross_origin'],
    ['an opaque origin', { host, origin: 'null', [CSRF_HEADER]: '1' }, 'cross_origin'],
    ['an image on a plain http origin', { host }, 'csrf_header_missing'],
  ])('is refused from %s', (_name, headers, reason) => {
    expect(rejectCrossSiteRead(headers)).toBe(reason);
  });
});
