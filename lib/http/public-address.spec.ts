import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { describe, expect, it } from 'vitest';
import { isPublicAddress, isPublicHost } from './public-address.js';
import { PrivateAddressError, publicLookup } from './public-lookup.js';

describe('isPublicAddress', () => {
  it.each([
    '1.1.1.1',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '126.255.255.255',
    '128.0.0.0',
    '169.253.255.255',
    '169.255.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '192.167.255.255',
    '192.169.0.0',
    '198.17.255.255',
    '198.20.0.0',
    '223.255.255.255',
    '2606:4700::1111',
    '2a00::1',
    '2001:4860:4860::8888',
    '2003::1',
    '::ffff:1.1.1.1',
    '::ffff:101:101',
    '64:ff9b::1.1.1.1',
    '64:ff9b::1.1.0.0',
    '2606:4700:1:2:3:4:5:6',
    '2606:4700::',
  ])('%s is', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it.each([
    '0.0.0.0',
    '0.255.255.255',
    '10.0.0.0',
    '10.255.255.255',
    '100.64.0.0',
    '100.127.255.255',
    '127.0.0.1',
    '127.255.255.255',
    '169.254.0.0',
    '169.254.169.254',
    '172.16.0.0',
    '172.31.255.255',
    '192.0.0.1',
    '192.0.2.1',
    '192.88.99.1',
    '192.168.0.0',
    '192.168.255.255',
    '198.18.0.0',
    '198.19.255.255',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '239.255.255.255',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '0:0:0:0:0:FFFF:A9FE:A9FE',
    '::ffff:0:1.1.1.1',
    '64:ff9b::10.0.0.1',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1::1',
    '64:ff9b::',
    '64:ff9b::a',
    '64:ff9b::1:1.1.1.1',
    '::1:ffff:1.1.1.1',
    '100::1',
    '2001::1',
    '2001:1ff::1',
    '2001:db8::1',
    '2002:a00:1::1',
    '3fff::1',
    '4000::1',
    'fc00::1',
    'fdff::1',
    'fe80::1',
    'fe80::1%eth0',
    'febf::1',
    'fec0::1',
    'ff02::1',
    'ff0e::1',
    '',
    'localhost',
    '1.1.1',
    '2606:4700::1111%eth0',
    '::1]/x[',
    '2606:4700::1111]/x[',
    '1.1.1.1]/x[',
  ])('%s is not', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});

describe('isPublicHost', () => {
  it.each(['id.example.com', '1.1.1.1', '[2606:4700::1111]', 'localhost.example.com', '10.0.0.1.nip.io'])(
    'lets %s through, as far as it goes',
    (host) => {
      expect(isPublicHost(new URL(`https://${host}/x`))).toBe(true);
    },
  );

  it.each([
    'localhost',
    'LOCALHOST.',
    'a.localhost',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '0xa9.0xfe.0xa9.0xfe',
    '2852039166',
    '0',
    '10.0.0.1',
    '[::1]',
    '[::ffff:7f00:1]',
    '[0:0:0:0:0:ffff:10.1.2.3]',
    '[fd00::1]',
    '１２７.0.0.1',
  ])('refuses %s', (host) => {
    expect(isPublicHost(new URL(`https://${host}/x`))).toBe(false);
  });
});

describe('publicLookup', () => {
  const answering =
    (...addresses: string[]): LookupFunction =>
    (_hostname, _options, callback) =>
      callback(
        null,
        addresses.map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 })),
      );

  const resolve = async (lookup: LookupFunction, all: boolean): Promise<unknown> =>
    new Promise((done, fail) => {
      publicLookup(lookup)('id.example.com', { all }, (error, address, family) => {
        if (error === null) done(all ? address : [address, family]);
        else fail(error);
      });
    });

  it('hands over public addresses, all or the first', async () => {
    const lookup = answering('1.1.1.1', '2606:4700::1111');
    expect(await resolve(lookup, true)).toEqual([
      { address: '1.1.1.1', family: 4 },
      { address: '2606:4700::1111', family: 6 },
    ]);
    expect(await resolve(lookup, false)).toEqual(['1.1.1.1', 4]);
  });

  it.each([[['10.0.0.1']], [['1.1.1.1', '127.0.0.1']], [['1.1.1.1', '::ffff:10.0.0.1']], [[]]])(
    'refuses %j',
    async (addresses) => {
      for (const all of [true, false]) {
        await expect(resolve(answering(...addresses), all)).rejects.toThrow(PrivateAddressError);
      }
    },
  );

  it('hands an error on', async () => {
    const lookup: LookupFunction = (_hostname, _options, callback) =>
      callback(Object.assign(new Error('ENOTFOUND'), { code: 'ENOTFOUND' }), '');
    await expect(resolve(lookup, true)).rejects.toThrow('ENOTFOUND');
  });
});
