import { expect, it } from 'vitest';
import { HeaderCache, rememberHeader } from './header-cache.js';

const header = (kid: string): { header: { alg: string; kid: string }; type: null } => ({
  header: { alg: 'ES256', kid },
  type: null,
});

it('remembers the last 256 headers by their exact text', () => {
  const known = new HeaderCache();
  const first = header('0');
  known.remember('segment-0', first);
  expect(known.get('segment-0')).toBe(first);
  expect(known.get('segment-')).toBeUndefined();
  for (let index = 1; index < 256; index++) known.remember(`segment-${String(index)}`, header(String(index)));
  expect(known.get('segment-0')).toBe(first);
  known.remember('segment-256', header('256'));
  expect(known.get('segment-0')).toBeUndefined();
  expect(known.get('segment-1')?.header.kid).toBe('1');
  for (let index = 257; index < 2_000; index++) known.remember(`segment-${String(index)}`, header('x'));
  const held = Array.from({ length: 2_000 }, (_, index) => known.get(`segment-${String(index)}`));
  expect(held.filter((each) => each !== undefined)).toHaveLength(256);
  expect(known.get('segment-1999')).toBeDefined();
});

it('remembers the header of a verified token by its segment, frozen, once', () => {
  const known = new HeaderCache();
  const parsed = { ...header('a'), type: 'at+jwt', token: 'segment.payload.signature' };
  const frozen = rememberHeader(known, parsed);
  expect(frozen).toEqual({ alg: 'ES256', kid: 'a' });
  expect(Object.isFrozen(frozen)).toBe(true);
  expect(known.get('segment')).toEqual({ header: frozen, type: 'at+jwt' });
  expect(known.get('segment')?.header).toBe(frozen);
  // A frozen header came from the cache: it is not put there again.
  expect(rememberHeader(known, { header: frozen, type: null, token: 'other.payload.signature' })).toBe(
    frozen,
  );
  expect(known.get('other')).toBeUndefined();
});

it('freezes a header without a cache, too', () => {
  const frozen = rememberHeader(undefined, { ...header('a'), token: 'segment.payload.signature' });
  expect(Object.isFrozen(frozen)).toBe(true);
});
