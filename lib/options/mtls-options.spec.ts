import { describe, expect, it } from 'vitest';
import { optionIssues } from '../../test/support/option-issues.js';
import { resolveOptions } from './resolve-options.js';
import type { ResolvedOptions } from './resolved-options.js';

const BASE = { issuer: 'https://id.example.com', audience: 'orders-api' };
const MTLS = { ...BASE, senderConstrained: 'accept', dpop: false };

const resolve = (mtls: unknown, own: object = {}): ResolvedOptions =>
  resolveOptions({ ...MTLS, mtls, ...own }, {});

describe('mtls', () => {
  it('reads the connection, unless it names a header and its proxies', () => {
    expect(resolve({}).mtls).toEqual({ certificate: 'socket', header: undefined, trustedProxies: [] });
    const trustedProxies = ['10.0.0.0/8', '2001:db8::7', '::1'];
    expect(resolve({ certificate: 'nginx', header: 'SSL-Client-Cert', trustedProxies }).mtls).toEqual({
      certificate: 'nginx',
      header: 'ssl-client-cert',
      trustedProxies,
    });
    expect(resolveOptions(BASE, {}).mtls).toBeUndefined();
  });

  it.each(['client-cert', 'nginx', 'envoy', 'aws-alb'])('%s needs the addresses of its proxies', (form) => {
    expect(optionIssues({ ...MTLS, mtls: { certificate: form } })).toEqual([
      `mtls.trustedProxies: is missing: the addresses of the proxies that set the header; certificate: '${form}' believes no others`,
    ]);
    expect(optionIssues({ ...MTLS, mtls: { certificate: form, trustedProxies: [] } }).join()).toMatch(
      /^mtls\.trustedProxies: expected a non-empty list/,
    );
  });

  it.each<[range: string, issue: RegExp]>([
    ['10.0.0.0/33', /expected an IP address, or a range/],
    ['10.0.0', /expected an IP address, or a range/],
    ['proxy.internal', /expected an IP address, or a range/],
    ['::ffff:10.0.0.1', /has addresses of IPv4 in a range of IPv6; write them as IPv4/],
    ['::ffff:0:0/96', /has addresses of IPv4/],
    ['::ffff:0a00:0001', /has addresses of IPv4/],
    ['fe80::1%eth0', /expected an IP address, or a range/],
    ['10.0.0.0/8/8', /expected an IP address, or a range/],
    ['loopback', /expected an IP address, or a range/],
    ['0.0.0.0/0', /trusts too many addresses/],
    ['::/1', /trusts too many addresses/],
    ['10.0.0.0/00', /trusts too many addresses/],
  ])('trusts no %s', (range, issue) => {
    const issues = optionIssues({
      ...MTLS,
      mtls: { certificate: 'nginx', trustedProxies: ['10.0.0.1', range] },
    });
    expect(issues).toHaveLength(1);
    expect(issues[0]).toMatch(/^mtls\.trustedProxies: /);
    expect(issues[0]).toMatch(issue);
  });

  it('has no header beside the connection', () => {
    const noEffect =
      "has no effect with certificate: 'socket', which reads no header; name its form: 'client-cert', 'nginx', 'envoy' or 'aws-alb'";
    expect(optionIssues({ ...MTLS, mtls: { header: 'x', trustedProxies: ['10.0.0.1'] } })).toEqual([
      `mtls.header: ${noEffect}`,
      `mtls.trustedProxies: ${noEffect}`,
    ]);
  });

  it.each([
    ['x y', /expected the name of a header/],
    ['', /expected the name of a header/],
    [7, /expected the name of a header/],
    ['Authorization', /is the name of another header, 'authorization'/],
    ['DPoP', /is the name of another header, 'dpop'/],
    ['X-Forwarded-For', /is the name of another header, 'x-forwarded-for'/],
    ['Forwarded', /is the name of another header, 'forwarded'/],
    ['X-Real-IP', /is the name of another header, 'x-real-ip'/],
  ])('takes no header %j', (header, issue) => {
    const mtls = { certificate: 'nginx', header, trustedProxies: ['10.0.0.1'] };
    expect(optionIssues({ ...MTLS, mtls }).join()).toMatch(issue);
  });

  it.each([
    [{ certificate: 'haproxy' }, /^mtls\.certificate: expected 'socket' or 'client-cert'/],
    [{ proxies: ['10.0.0.1'] }, /^mtls\.proxies: unknown option; it is "trustedProxies"/],
    [true, /^mtls: expected an object/],
    [null, /^mtls: expected an object/],
  ])('refuses %j', (mtls, issue) => {
    expect(optionIssues({ ...MTLS, mtls }).join()).toMatch(issue);
  });
});

describe('mtls beside senderConstrained, dpop and publicUrl', () => {
  const EFFECT = "has no effect without senderConstrained: 'accept' or 'require'";

  it('has no effect alone', () => {
    expect(optionIssues({ ...BASE, mtls: {} })).toEqual([`mtls: ${EFFECT}`]);
    expect(optionIssues({ ...BASE, dpop: false })).toEqual([`dpop: ${EFFECT}`]);
    // To switch it off for a while is no mistake.
    expect(optionIssues({ ...BASE, senderConstrained: 'reject', mtls: {}, dpop: false })).toEqual([]);
  });

  it.each(['accept', 'require'])('%s needs publicUrl for proofs, or says that there are none', (mode) => {
    const message = `publicUrl: is missing: senderConstrained: '${mode}' compares the URL in DPoP proofs with it`;
    expect(optionIssues({ ...BASE, senderConstrained: mode })).toEqual([message]);
    expect(optionIssues({ ...BASE, senderConstrained: mode, mtls: {} })).toEqual([
      `${message}; if tokens are bound to certificates only, set dpop: false`,
    ]);
    expect(optionIssues({ ...BASE, senderConstrained: mode, mtls: {}, dpop: false })).toEqual([]);
    const publicUrl = 'https://api.example.com';
    expect(optionIssues({ ...BASE, senderConstrained: mode, mtls: {}, publicUrl })).toEqual([]);
    expect(optionIssues({ ...BASE, senderConstrained: mode, dpop: false })).toEqual([
      `dpop: is false, and "mtls" is missing: senderConstrained: '${mode}' needs one of them`,
    ]);
  });

  it('takes false for dpop, and nothing else that is no object', () => {
    expect(resolve({}).dpop).toBeUndefined();
    for (const dpop of [true, null, 0, '']) {
      expect(optionIssues({ ...MTLS, mtls: {}, dpop }).join()).toMatch(/^dpop: expected an object/);
    }
  });
});
