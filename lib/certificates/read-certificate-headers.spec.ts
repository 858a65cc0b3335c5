import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { property, assert, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CertificateReading } from './certificate-reading.js';
import { readClientCert } from './read-client-cert.js';
import { readEscapedPem } from './read-escaped-pem.js';
import { readForwardedClientCert } from './read-forwarded-client-cert.js';

const load = (name: string): string =>
  readFileSync(new URL(`../../test/support/certificates/${name}.pem`, import.meta.url), 'utf8');
const PEM = load('client');
const OTHER = load('self-signed');
const CERTIFICATE = new X509Certificate(PEM);
const BASE64 = CERTIFICATE.raw.toString('base64');
/** As OpenSSL says it. */
const HEX = CERTIFICATE.fingerprint256.replaceAll(':', '').toLowerCase();
const THUMBPRINT = Buffer.from(HEX, 'hex').toString('base64url');
const OTHER_HEX = new X509Certificate(OTHER).fingerprint256.replaceAll(':', '');
/** As nginx writes it, and AWS, which leaves `+`, `=` and `/` as they are. */
const NGINX = encodeURIComponent(PEM);
const AWS = NGINX.replaceAll('%2B', '+').replaceAll('%3D', '=').replaceAll('%2F', '/');

type Read = (value: string) => CertificateReading;
const accepts = (read: Read, value: string): void => expect(read(value)).toEqual({ thumbprint: THUMBPRINT });
const refuses = (read: Read, value: string, problem: RegExp): void =>
  expect(read(value)).toEqual({ problem: expect.stringMatching(problem) as string });

describe('readClientCert (RFC 9440)', () => {
  it.each([
    ['a byte sequence', `:${BASE64}:`],
    ['spaces around it', `  :${BASE64}: `],
  ])('reads %s', (_, value) => accepts(readClientCert, value));

  it.each([
    ['nothing', '', /empty/],
    ['no colons', BASE64, /no byte sequence/],
    ['one colon', `:${BASE64}`, /no byte sequence/],
    ['nothing between the colons', '::', /no base64/],
    ['a parameter', `:${BASE64}:;a=1`, /no byte sequence/],
    ['two members', `:${BASE64}:, :${BASE64}:`, /no byte sequence/],
    ['base64url', `:${BASE64.replaceAll('+', '-').replaceAll('/', '_')}:`, /no base64/],
    ['white space inside', `:${BASE64.slice(0, 64)} ${BASE64.slice(64)}:`, /no base64/],
    ['no padding', ':QQ:', /no base64/],
    ['padding inside', ':QQ==QQ==:', /no base64/],
    ['the form of nginx', NGINX, /that is the form of nginx or AWS/],
    ['too much', `:${'A'.repeat(16_384)}:`, /longer than 16384/],
  ])('refuses %s', (_, value, problem) => refuses(readClientCert, value, problem));
});

describe('readEscapedPem (nginx, AWS)', () => {
  it.each([
    ['what nginx writes', NGINX],
    ['what AWS writes', AWS],
    ['line breaks of Windows', encodeURIComponent(PEM.replaceAll('\n', '\r\n'))],
    ['no line break at the end', encodeURIComponent(PEM.trimEnd())],
    ['the first of a chain', encodeURIComponent(PEM + OTHER)],
  ])('reads %s', (_, value) => accepts(readEscapedPem, value));

  it.each([
    ['nothing', '', /empty/],
    ['PEM as it is', PEM.replaceAll('\n', ' '), /not percent-encoded/],
    ['the form of RFC 9440', `:${BASE64}:`, /RFC 9440/],
    ['a broken escape', `${NGINX}%E0%A4`, /percent-encoding is broken/],
    ['half an escape', `${NGINX}%`, /percent-encoding is broken/],
    ['another kind of PEM', NGINX.replaceAll('CERTIFICATE', 'PUBLIC%20KEY'), /no PEM of certificates/],
    ['text before it', `subject%0A${NGINX}`, /no PEM of certificates/],
    ['text after it', `${NGINX}subject`, /no PEM of certificates/],
    ['a key after it', NGINX + encodeURIComponent(load('client-key')), /no PEM of certificates/],
    ['two values in one', `${NGINX}, ${NGINX}`, /no PEM of certificates/],
    ['broken base64', NGINX.replace('CERTIFICATE-----%0A', 'CERTIFICATE-----%0AA'), /base64 of its PEM/],
    ['headers of PEM', NGINX.replace('CERTIFICATE-----%0A', 'CERTIFICATE-----%0AProc-Type: 4%0A'), /no PEM/],
    ['no body', encodeURIComponent('-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n'), /no PEM/],
    ['too much', NGINX.repeat(40), /longer than 16384/],
  ])('refuses %s', (_, value, problem) => refuses(readEscapedPem, value, problem));
});

describe('readForwardedClientCert (Envoy)', () => {
  it.each([
    ['a hash', `Hash=${HEX}`],
    ['a hash in capitals, and its name in others', `hASH=${HEX.toUpperCase()}`],
    [
      'all that Envoy adds',
      `By=spiffe://a/b;Hash=${HEX};Cert="${NGINX}";Subject="CN=x,O=\\"y;z\\"";URI=spiffe://c/d`,
    ],
    ['the separators in quotes', `Subject="a,b;c=d\\",";Hash=${HEX}`],
  ])('reads %s', (_, value) => accepts(readForwardedClientCert, value));

  it.each([
    ['nothing', '', /empty/],
    ['no hash', `Cert="${NGINX}"`, /exactly one "Hash"/],
    ['two hashes', `Hash=${HEX};Hash=${HEX}`, /exactly one "Hash"/],
    ['a hash in a name', `Subject="Hash=${HEX}"`, /exactly one "Hash"/],
    ['a short hash', `Hash=${HEX.slice(2)}`, /no SHA-256/],
    ['a hash that is none', `Hash=${'x'.repeat(64)}`, /no SHA-256/],
    ['two elements', `Hash=${HEX},Hash=${OTHER_HEX}`, /several proxies/],
    ['an empty element before', `,Hash=${HEX}`, /several proxies/],
    ['another certificate than the hash', `Hash=${OTHER_HEX};Cert="${NGINX}"`, /of two certificates/],
    ['two certificates', `Hash=${HEX};Cert="${NGINX}";Cert="${NGINX}"`, /several "Cert"/],
    ['a broken certificate', `Hash=${HEX};Cert="x"`, /its "Cert": it is not percent-encoded PEM/],
    ['a quote that does not end', `Hash=${HEX};Subject="x`, /a quote in it does not end/],
    ['a quote that is escaped', `Hash=${HEX};Subject="x\\"`, /a quote in it does not end/],
    ['no pair', `Hash=${HEX};x`, /no pair/],
    ['too much', `Hash=${HEX};Subject="${'x'.repeat(16_384)}"`, /longer than 16384/],
  ])('refuses %s', (_, value, problem) => refuses(readForwardedClientCert, value, problem));
});

describe.each([
  ['readClientCert', readClientCert],
  ['readEscapedPem', readEscapedPem],
  ['readForwardedClientCert', readForwardedClientCert],
])('%s', (_, read) => {
  it('says nothing of what it was given, and never throws', () => {
    assert(
      property(string({ unit: 'binary-ascii', minLength: 12, maxLength: 60 }), (value) => {
        const reading = read(value);
        expect('problem' in reading && !reading.problem.includes(value)).toBe(true);
      }),
    );
  });

  it.each([
    '"'.repeat(16_384),
    '='.repeat(16_384),
    ';'.repeat(16_384),
    ':'.repeat(16_384),
    `${'%0A'.repeat(5_000)}-`,
  ])('takes no time over what was made to take some', (value) => {
    const startMs = performance.now();
    for (let time = 0; time < 20; time++) expect(read(value)).toHaveProperty('problem');
    expect(performance.now() - startMs).toBeLessThan(2_000);
  });
});
