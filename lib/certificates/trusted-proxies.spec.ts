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

  it('trusts nobody without a range, and everybody only if that is written out', () => {
    expect(readTrustedProxies([]).isTrusted('127.0.0.1')).toBe(false);
    const all = readTrustedProxies(['0.0.0.0/0', '::/0']);
    expect([all.isTrusted('198.51.100.1'), all.isTrusted('2001:db8::9'), all.isTrusted(undefined)]).toEqual([
      true,
      true,
      false,
    ]);
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
    '::ffff:10.0.0.1',
    '*',
  ])('names %j, which is no address and no range', (range) => {
    const proxies = readTrustedProxies(['192.0.2.7', range]);
    expect(proxies.wrong).toEqual([range]);
    expect([proxies.isTrusted('10.0.0.1'), proxies.isTrusted('192.0.2.7')]).toEqual([false, true]);
  });

  it('has nothing to name in what is right', () => {
    expect(readTrustedProxies(RANGES).wrong).toEqual([]);
  });
});
