import { expect, it } from 'vitest';
import { HeaderCache, rememberHeader } from './header-cache.js';

const header = (kid: string): { header: { alg: string; kid: string }; type: null } => ({
  header: { alg: 'ES256', kid },
  type: null,
});

const find = (known: HeaderCache, segment: string): ReturnType<HeaderCache['find']> =>
  known.find(`${segment}.payload.signature`, segment.length);

it('remembers the last 256 headers by their exact text', () => {
  const known = new HeaderCache();
  const first = header('0');
  known.remember('segment-0', first);
  expect(find(known, 'segment-0')).toBe(first);
  expect(find(known, 'segment-')).toBeUndefined();
  for (let index = 1; index < 256; index++) known.remember(`segment-${String(index)}`, header(String(index)));
  expect(find(known, 'segment-0')).toBe(first);
  known.remember('segment-256', header('256'));
  expect(find(known, 'segment-0')).toBeUndefined();
  expect(find(known, 'segment-1')?.header.kid).toBe('1');
  for (let index = 257; index < 2_000; index++) known.remember(`segment-${String(index)}`, header('x'));
  const held = Array.from({ length: 2_000 }, (_, index) => find(known, `segment-${String(index)}`));
  expect(held.filter((each) => each !== undefined)).toHaveLength(256);
  expect(find(known, 'segment-1999')).toBeDefined();
});

it('remembers the header of a verified token by its segment, frozen, once', () => {
  const known = new HeaderCache();
  const parsed = { ...header('a'), type: 'at+jwt', token: 'segment.payload.signature' };
  const frozen = rememberHeader(known, parsed);
  expect(frozen).toEqual({ alg: 'ES256', kid: 'a' });
  expect(Object.isFrozen(frozen)).toBe(true);
  expect(find(known, 'segment')).toEqual({ header: frozen, type: 'at+jwt' });
  expect(find(known, 'segment')?.header).toBe(frozen);
  // A frozen header came from the cache: it is not put there again.
  expect(rememberHeader(known, { header: frozen, type: null, token: 'other.payload.signature' })).toBe(
    frozen,
  );
  expect(find(known, 'other')).toBeUndefined();
});

it('has room for two keys of each issuer', () => {
  for (const [issuers, room] of [
    [1, 256],
    [128, 256],
    [129, 258],
    [1_000, 2_000],
  ] as const) {
    const known = new HeaderCache(issuers);
    for (let index = 0; index <= room; index++) known.remember(`segment-${String(index)}`, header('x'));
    expect(find(known, 'segment-0')).toBeUndefined();
    expect(find(known, 'segment-1')).toBeDefined();
  }
});

it('finds a header by its whole segment, also the one that it found last', () => {
  const known = new HeaderCache();
  known.remember('abc', header('abc'));
  known.remember('xyz', header('xyz'));
  for (const segment of ['abc', 'abc', 'xyz', 'abc']) expect(find(known, segment)?.header.kid).toBe(segment);
  for (const other of ['ab', 'abcd', 'abd', '', 'Abc']) expect(find(known, other)).toBeUndefined();
  expect(known.find('abc.payload.signature', 4)).toBeUndefined();
});

it('freezes a header without a cache, too', () => {
  const frozen = rememberHeader(undefined, { ...header('a'), token: 'segment.payload.signature' });
  expect(Object.isFrozen(frozen)).toBe(true);
});
