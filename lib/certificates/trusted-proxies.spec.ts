import { describe, expect, it } from 'vitest';
import { readTrustedProxies } from './trusted-proxies.js';

const RANGES = ['10.0.0.0/8', '192.0.2.7', 'fd00::/8', '2001:db8::1', '203.0.113.9/32'];

describe('readTrustedProxies', () => {
  it.each([
    '10.0.0.1',
    '10.255.255.255',
    '::ffff:10.1.2.3',
    '::FFFF:192.0.2.7',
    '192.0.2.7',
    'fd12:3456::1',
    '2001:db8::1',
    '2001:0db8:0:0:0:0:0:1',
    '203.0.113.9',
  ])('trusts %s', (address) => {
    expect(readTrustedProxies(RANGES).isTrusted(address)).toBe(true);
  });

  it.each([
    undefined,
    '',
    '11.0.0.1',
    '192.0.2.8',
    '203.0.113.8',
    '::1',
    '127.0.0.1',
    '::ffff:11.0.0.1',
    'fe80::1',
    '2001:db8::2',
    '::10.0.0.1',
    '10.0.0.1, 10.0.0.2',
    '10.0.0.1:443',
    'proxy.example',
  ])('trusts nobody at %s', (address) => {
    expect(readTrustedProxies(RANGES).isTrusted(address)).toBe(false);
  });

  it('trusts nobody without a range, and nobody of the other version', () => {
    expect(readTrustedProxies([]).isTrusted('127.0.0.1')).toBe(false);
    expect(readTrustedProxies(['10.0.0.0/8']).isTrusted('a00::1')).toBe(false);
    expect(readTrustedProxies(['a00::/8']).isTrusted('10.0.0.1')).toBe(false);
    // Unlike Node.js, which writes the mapped address with dots, this form is that of nobody.
    expect(readTrustedProxies(['10.0.0.0/8']).isTrusted('::ffff:a00:1')).toBe(false);
  });

  it.each([
    '0.0.0.0/0',
    '10.0.0.0/00',
    '10.0.0.0/7',
    '0.0.0.0/1',
    '128.0.0.0/1',
    '::/0',
    '::/1',
    '2000::/3',
    'fc00::/6',
  ])('does not trust a part of the world, %s', (range) => {
    const proxies = readTrustedProxies([range]);
    expect(proxies.wrong).toEqual([{ range, problem: 'wide' }]);
    for (const address of ['10.0.0.1', '198.51.100.1', '::ffff:198.51.100.1', '2001:db8::9', '::1']) {
      expect(proxies.isTrusted(address)).toBe(false);
    }
  });

  it.each([
    '::ffff:0:0/96',
    '::ffff:0.0.0.0/96',
    '0:0:0:0:0:ffff:0:0/96',
    '::/80',
    '::/7',
    '::ffff:a00:0/104',
    '::ffff:0a00:0001',
    '::ffff:10.0.0.1',
    '::FFFF:10.0.0.0/104',
    '0::ffff:10.0.0.1',
  ])('has no addresses of IPv4 in a range of IPv6, %s', (range) => {
    const proxies = readTrustedProxies([range]);
    expect(proxies.wrong).toEqual([{ range, problem: 'mapped' }]);
    expect(['10.0.0.1', '::ffff:10.0.0.1', '::ffff:a00:1'].map((each) => proxies.isTrusted(each))).toEqual([
      false,
      false,
      false,
    ]);
  });

  it('has ranges of IPv6 beside the mapped ones', () => {
    const ranges = ['::1', '::/128', '::fffe:0:0/96', '64:ff9b::/96', 'fc00::/7', '::1:0:0:0/80'];
    expect(readTrustedProxies(ranges).wrong).toEqual([]);
  });

  it.each([
    '',
    '10.0.0.0/33',
    'fd00::/129',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '10.0.0.0/',
    '10.0.0/8',
    '10.0.0.0/8 ',
    '010.0.0.1',
    'localhost',
    'fe80::1%eth0',
    '*',
  ])('names %j, which is no address and no range', (range) => {
    const proxies = readTrustedProxies(['192.0.2.7', range]);
    expect(proxies.wrong).toEqual([{ range, problem: 'no-range' }]);
    expect([proxies.isTrusted('10.0.0.1'), proxies.isTrusted('192.0.2.7')]).toEqual([false, true]);
  });

  it('has nothing to name in what is right', () => {
    expect(readTrustedProxies(RANGES).wrong).toEqual([]);
  });
});
