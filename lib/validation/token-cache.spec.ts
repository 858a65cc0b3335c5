import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.js';
import { TokenCache, type RememberedToken } from './token-cache.js';

const MINUTE = 60_000;
const GENERATION = {};

function create(bounds: Partial<ConstructorParameters<typeof TokenCache>[0]> = {}): {
  readonly clock: FakeClock;
  readonly cache: TokenCache;
  /** A token that expires so long after the start. */
  readonly token: (name: string, lifeMs?: number, claims?: object) => RememberedToken;
} {
  const clock = new FakeClock();
  const startMs = clock.wallMs();
  return {
    clock,
    cache: new TokenCache({ maxEntries: 100, maxBytes: 1_000_000, ...bounds }, clock),
    token: (name, lifeMs = 60 * MINUTE, claims = {}) => ({
      validated: {
        claims: { iss: 'https://id.example.com', exp: (startMs + lifeMs) / 1000, ...claims },
        header: { alg: 'ES256' },
        issuer: 'https://id.example.com',
        token: `head.${name}.${name.padStart(86, 's')}`,
      },
      type: null,
      generation: GENERATION,
    }),
  };
}

describe('TokenCache', () => {
  it('finds a token by its whole text, and no other', () => {
    const { cache, token } = create();
    const one = token('one');
    cache.remember(one);
    const { token: text } = one.validated;
    expect(cache.find(text)).toBe(one);
    for (const other of [`x${text}`, text.slice(1), text.slice(-24), '', token('two').validated.token]) {
      expect(cache.find(other)).toBeUndefined();
    }
  });

  it('forgets one token, and only that', () => {
    const { cache, token } = create();
    const [one, two] = [token('one'), token('two')];
    cache.remember(one);
    cache.remember(two);
    cache.forget(one.validated.token);
    expect(cache.find(one.validated.token)).toBeUndefined();
    expect(cache.find(two.validated.token)).toBe(two);
    expect(cache.stats()).toMatchObject({ size: 1, evictions: 0 });
  });

  it('sweeps expired tokens once a minute, whether or not they come again, and no others', async () => {
    const { cache, clock, token } = create();
    cache.remember(token('short', 30_000));
    cache.remember(token('longer', 90_000));
    cache.remember(token('long'));
    await clock.advance(MINUTE - 1);
    cache.remember(token('new'));
    expect(cache.stats().size).toBe(4);
    await clock.advance(1);
    cache.remember(token('newer'));
    expect(cache.find(token('short').validated.token)).toBeUndefined();
    expect(cache.stats()).toMatchObject({ size: 4, evictions: 0 });
    await clock.advance(45_000);
    cache.remember(token('newest'));
    // Expired by now, and not swept before the minute is over.
    expect(cache.stats().size).toBe(5);
    await clock.advance(15_000);
    cache.remember(token('last'));
    expect(cache.find(token('longer').validated.token)).toBeUndefined();
    expect(cache.find(token('long').validated.token)).toBeDefined();
    expect(cache.stats()).toMatchObject({ size: 5, evictions: 0 });
  });

  it('keeps a token to the second of its end, and sweeps again a minute after it has swept', async () => {
    const { cache, clock, token } = create();
    cache.remember(token('ends now', MINUTE));
    cache.remember(token('ended', MINUTE - 1));
    await clock.advance(MINUTE);
    cache.remember(token('new'));
    expect(cache.find(token('ends now', MINUTE).validated.token)).toBeDefined();
    expect(cache.stats().size).toBe(2);
    await clock.advance(MINUTE - 1);
    cache.remember(token('newer'));
    expect(cache.stats().size).toBe(3);
    await clock.advance(1);
    cache.remember(token('newest'));
    expect(cache.stats().size).toBe(3);
  });

  it('sweeps a minute after it was made, whenever the first token came', async () => {
    const { cache, clock, token } = create();
    await clock.advance(30_000);
    cache.remember(token('short', 40_000));
    await clock.advance(30_000);
    cache.remember(token('long'));
    expect(cache.stats().size).toBe(1);
  });

  it('lets the least recently used token leave, and counts it', () => {
    const { cache, token } = create({ maxEntries: 2 });
    const names = ['one', 'two', 'three'].map((name) => token(name));
    const [one, two, three] = names as [RememberedToken, RememberedToken, RememberedToken];
    cache.remember(one);
    cache.remember(two);
    cache.find(one.validated.token);
    cache.remember(three);
    expect(cache.find(two.validated.token)).toBeUndefined();
    expect(cache.find(one.validated.token)).toBe(one);
    // The same token again is no eviction.
    cache.remember(three);
    expect(cache.stats()).toMatchObject({ size: 2, maxSize: 2, evictions: 1 });
  });

  it('holds no more bytes than it may, by an estimate of the claims and not of the text', () => {
    const { cache, token } = create({ maxBytes: 100_000 });
    const claims = { list: Array.from({ length: 300 }, () => ({})) };
    for (let index = 0; index < 50; index++) cache.remember(token(`n${String(index)}`, 60 * MINUTE, claims));
    const { size, bytes, evictions } = cache.stats();
    // 64 bytes for each of the 300 objects: five tokens.
    expect([size, size + evictions]).toEqual([5, 50]);
    expect(bytes).toBeGreaterThan(5 * 300 * 64);
    expect(bytes).toBeLessThanOrEqual(100_000);
  });

  it('does not take what is larger than all it may hold', () => {
    const { cache, token } = create({ maxBytes: 65_536 });
    cache.remember(token('small'));
    cache.remember(token('large', MINUTE, { list: Array.from({ length: 3_000 }, () => ({})) }));
    expect(cache.stats().size).toBe(1);
  });

  it('counts hits and misses as it is told', () => {
    const { cache } = create();
    cache.recordHit();
    cache.recordHit();
    cache.recordHit();
    cache.recordMiss();
    expect(cache.stats()).toMatchObject({ hits: 3, misses: 1, hitRate: 0.75, size: 0, maxBytes: 1_000_000 });
  });
});
