import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.js';
import { tokenWith } from '../../test/support/token-with.js';
import { systemClock } from '../cache/clock.js';
import type { IdentityError } from '../errors/identity-error.js';
import type { Credentials } from '../model/credentials.js';
import type { IdentityStore } from '../options/identity-store.js';
import { memoryStore } from '../store/memory-store.js';
import type { RedisClient } from '../redis/detect-client.js';
import { redisStore } from '../redis/redis-store.js';
import { ReplayGuard } from '../store/replay-guard.js';
import { SharedStore } from '../store/shared-store.js';
import { TestIssuer } from '../testing/test-issuer.js';
import { thumbprintOfKey } from '../testing/test-proof.js';
import { DpopVerifier } from './dpop-verifier.js';
import { ProofKeys } from './proof-keys.js';
import { SenderProofs } from './sender-proofs.js';

const URL = 'https://api.example.com/orders';
const clock = new FakeClock();
const issuer = TestIssuer.inMemory({ clock });
const token = issuer.token({ dpop: true });
const BOUND = tokenWith({ cnf: { jkt: thumbprintOfKey(issuer.clientKey) } });
const reporter = { report: () => undefined };

/** A client by its members, whose server is a map. */
function redisInMemory(): RedisClient {
  const kept = new Set<string>();
  return {
    status: 'ready',
    defineCommand: () => undefined,
    set: async (key: string) => {
      if (kept.has(key)) return null;
      kept.add(key);
      return 'OK';
    },
  } as RedisClient;
}

/** One module. */
function moduleWith(
  store?: IdentityStore,
  replay: 'once' | 'off' = 'once',
  onStoreFailure: 'local' | 'refuse' = 'local',
): SenderProofs {
  const shared = store && new SharedStore(store, systemClock, reporter);
  const guard = new ReplayGuard('dpop', { store: shared, onStoreFailure, clock, reporter });
  const rules = {
    algorithms: ['ES256'],
    maxAgeMs: 60_000,
    clockToleranceMs: 10_000,
    publicUrl: 'https://api.example.com',
    nonces: undefined,
    replay: replay === 'once' ? guard : undefined,
  };
  return new SenderProofs(new DpopVerifier(rules, new ProofKeys(), clock), store?.keySpace ?? store);
}

const presented = (own: Partial<Credentials> = {}): Credentials => ({
  scheme: 'DPoP',
  token,
  proof: issuer.dpop('GET', URL, token),
  method: 'GET',
  url: '/orders',
  carrier: {},
  ...own,
});

async function codeOf(
  one: SenderProofs,
  credentials?: Credentials,
  validated = BOUND,
): Promise<string | undefined> {
  try {
    await one.verify(validated, credentials)?.();
    return undefined;
  } catch (error) {
    return (error as IdentityError).code;
  }
}

describe('SenderProofs', () => {
  it('accepts a bound token with a proof, and a bearer token as such', async () => {
    expect(await codeOf(moduleWith(), presented())).toBeUndefined();
    expect(await codeOf(moduleWith(), presented({ carrier: undefined }))).toBeUndefined();
    expect(await codeOf(moduleWith(), presented({ scheme: 'Bearer' }), tokenWith({}))).toBeUndefined();
    expect(await codeOf(moduleWith(), undefined, tokenWith({}))).toBeUndefined();
  });

  it('refuses a bound token as a bearer token, with a good proof, too (RFC 9449 section 7.2)', async () => {
    expect(await codeOf(moduleWith(), presented({ scheme: 'Bearer' }))).toBe('sender_constrained');
    expect(await codeOf(moduleWith(), { scheme: 'Bearer', token })).toBe('sender_constrained');
    expect(await codeOf(moduleWith(), undefined)).toBe('sender_constrained');
  });

  it('refuses a bearer token under the scheme DPoP, with a good proof, too (section 7.1)', async () => {
    expect(await codeOf(moduleWith(), presented(), tokenWith({}))).toBe('sender_unconstrained');
  });

  it.each([null, {}, { jkt: 'x' }, { 'x5t#S256': 'x' }])('refuses the binding %j', async (cnf) => {
    expect(await codeOf(moduleWith(), presented(), tokenWith({ cnf }))).toBe('sender_constrained');
  });

  it('accepts a token that is bound to a certificate with that one alone (RFC 8705 section 3)', async () => {
    const x5t = tokenWith({ cnf: { 'x5t#S256': 'A'.repeat(43) } });
    const of = (certificate: Credentials['certificate'], scheme: 'Bearer' | 'DPoP' = 'Bearer') =>
      codeOf(moduleWith(), presented({ scheme, certificate }), x5t);
    expect(await of({ thumbprint: 'A'.repeat(43) })).toBeUndefined();
    expect(await of({ thumbprint: 'B'.repeat(43) })).toBe('certificate_mismatch');
    expect(await of({ thumbprint: '' })).toBe('certificate_mismatch');
    for (const problem of ['missing', 'untrusted', 'malformed'] as const) {
      expect(await of({ problem, detail: 'x' })).toBe(`certificate_${problem}`);
    }
    expect(await of({ thumbprint: 'A'.repeat(43) }, 'DPoP')).toBe('sender_unconstrained');
    // Nobody has looked: a message of a microservice, or code that hands over a token alone.
    expect(await of(undefined)).toBe('sender_constrained');
    expect(await codeOf(moduleWith(), undefined, x5t)).toBe('sender_constrained');
  });

  it('needs both of a token that is bound to both', async () => {
    const cnf = { jkt: thumbprintOfKey(issuer.clientKey), 'x5t#S256': 'A'.repeat(43) };
    const certificate = { thumbprint: 'A'.repeat(43) };
    const of = (own: Partial<Credentials>) => codeOf(moduleWith(), presented(own), tokenWith({ cnf }));
    expect(await of({ certificate })).toBeUndefined();
    expect(await of({})).toBe('sender_constrained');
    expect(await of({ certificate: { thumbprint: 'B' } })).toBe('certificate_mismatch');
    expect(await of({ certificate, proof: undefined })).toBe('proof_missing');
    expect(await of({ certificate, scheme: 'Bearer' })).toBe('sender_constrained');
  });

  it('refuses a forged header with a certificate whatever the token, and no certificate only with a bound one', async () => {
    const of = (problem: 'missing' | 'untrusted' | 'malformed', validated = tokenWith({})) =>
      codeOf(moduleWith(), presented({ scheme: 'Bearer', certificate: { problem, detail: 'x' } }), validated);
    expect(await of('missing')).toBeUndefined();
    expect(await of('untrusted')).toBe('certificate_untrusted');
    expect(await of('malformed')).toBe('certificate_malformed');
    expect(await of('untrusted', BOUND)).toBe('certificate_untrusted');
  });

  it('refuses a proof that came without an HTTP request', async () => {
    expect(await codeOf(moduleWith(), presented({ method: undefined }))).toBe('sender_constrained');
    expect(await codeOf(moduleWith(), presented({ url: undefined }))).toBe('sender_constrained');
  });

  it('refuses no proof, and several', async () => {
    const proof = issuer.dpop('GET', URL, token);
    expect(await codeOf(moduleWith(), presented({ proof: undefined }))).toBe('proof_missing');
    expect(await codeOf(moduleWith(), presented({ proof: [] }))).toBe('proof_missing');
    expect(await codeOf(moduleWith(), presented({ proof: [proof, proof] }))).toBe('proof_malformed');
    expect(await codeOf(moduleWith(), presented({ proof: '' }))).toBe('proof_malformed');
    expect(await codeOf(moduleWith(), presented({ proof: null }))).toBe('proof_malformed');
  });
});

describe('a proof that is looked at again', () => {
  it('is no replay for the request that it came with, and one for every other', async () => {
    const one = moduleWith();
    const first = presented();
    expect(await codeOf(one, first)).toBeUndefined();
    expect(await codeOf(one, { ...first })).toBeUndefined();
    expect(await codeOf(one, { ...first, carrier: {} })).toBe('proof_replayed');
    expect(await codeOf(one, { ...first, carrier: undefined })).toBe('proof_replayed');
  });

  it('is not taken for granted if the request has another proof or token by now', async () => {
    const one = moduleWith();
    const first = presented();
    expect(await codeOf(one, first)).toBeUndefined();
    expect(await codeOf(one, { ...first, proof: 'x' })).toBe('proof_malformed');
    expect(await codeOf(one, { ...first, proof: [first.proof, first.proof] })).toBe('proof_malformed');
    expect(await codeOf(one, { ...first, token: issuer.token({ dpop: true }) })).toBe('proof_invalid');
    expect(await codeOf(one, { ...first, proof: undefined })).toBe('proof_missing');
    expect(await codeOf(one, { ...first, scheme: 'Bearer' })).toBe('sender_constrained');
  });

  it('lasts for a connection that outlives the age of the proof', async () => {
    const one = moduleWith();
    const first = presented();
    expect(await codeOf(one, first)).toBeUndefined();
    await clock.advance(3_600_000);
    expect(await codeOf(one, first)).toBeUndefined();
    expect(await codeOf(moduleWith(), first)).toBe('proof_invalid');
  });

  it('is not in order because it was refused before', async () => {
    const one = moduleWith();
    const wrong = presented({ method: 'POST' });
    expect(await codeOf(one, wrong)).toBe('proof_invalid');
    expect(await codeOf(one, wrong)).toBe('proof_invalid');
  });

  it('of a connection is asked about again after a store that was down', async () => {
    const store = memoryStore();
    let isDown = true;
    const flaky: IdentityStore = {
      putIfAbsent: async (key, ttlMs) => {
        if (isDown) throw new Error('down');
        return store.putIfAbsent(key, ttlMs);
      },
    };
    const one = moduleWith(flaky, 'once', 'refuse');
    const first = presented();
    expect(await codeOf(one, first)).toBe('store_unavailable');
    isDown = false;
    // The store is left alone for a moment, by the real clock.
    await expect.poll(() => codeOf(one, first), { timeout: 10_000 }).toBeUndefined();
    expect(await codeOf(one, { ...first, carrier: {} })).toBe('proof_replayed');
  });

  it('of a store is refused again for the same request', async () => {
    const store = memoryStore();
    const first = presented();
    expect(await codeOf(moduleWith(store), { ...first, carrier: {} })).toBeUndefined();
    const other = moduleWith(store);
    expect(await codeOf(other, first)).toBe('proof_replayed');
    expect(await codeOf(other, first)).toBe('proof_replayed');
  });
});

describe('two modules that guard one request', () => {
  it.each<[string, IdentityStore | undefined, IdentityStore | undefined]>([
    ['without a store', undefined, undefined],
    ['with a store each', memoryStore(), memoryStore()],
    ['of which one has a store', memoryStore(), undefined],
    ['of which the other has a store', undefined, memoryStore()],
    ...[memoryStore()].map((store): [string, IdentityStore, IdentityStore] => [
      'with one store',
      store,
      store,
    ]),
  ])('see no replay of it %s, and each one refuses another request', async (_what, ofOne, ofOther) => {
    const [one, other] = [moduleWith(ofOne), moduleWith(ofOther)];
    const first = presented();
    expect([await codeOf(one, first), await codeOf(other, first)]).toEqual([undefined, undefined]);
    expect([await codeOf(one, first), await codeOf(other, first)]).toEqual([undefined, undefined]);
    for (const each of [one, other])
      expect(await codeOf(each, { ...first, carrier: {} })).toBe('proof_replayed');
  });

  it('do not rely on one that refuses no replay', async () => {
    const store = memoryStore();
    const [one, other] = [moduleWith(store, 'off'), moduleWith(store)];
    const first = presented();
    expect([await codeOf(one, first), await codeOf(other, first)]).toEqual([undefined, undefined]);
    const replay = { ...first, carrier: {} };
    expect([await codeOf(one, replay), await codeOf(other, replay)]).toEqual([undefined, 'proof_replayed']);
  });

  it.each([
    ['two stores over one client and prefix', 'a:', 'a:', undefined],
    ['two prefixes', 'a:', 'b:', undefined],
  ])('see no replay of it with %s', async (_what, ofOne, ofOther, code) => {
    const client = redisInMemory();
    const [one, other] = [
      moduleWith(redisStore(client, { prefix: ofOne })),
      moduleWith(redisStore(client, { prefix: ofOther, timeoutMs: 50 })),
    ];
    const first = presented();
    expect([await codeOf(one, first), await codeOf(other, first)]).toEqual([undefined, code]);
    for (const each of [one, other])
      expect(await codeOf(each, { ...first, carrier: {} })).toBe('proof_replayed');
  });

  describe('and share a store that is down', () => {
    const down = (): IdentityStore => ({ putIfAbsent: async () => Promise.reject(new Error('down')) });

    it('refuse: does not take over what the module before it decided without the store', async () => {
      const store = down();
      const [local, strict] = [moduleWith(store, 'once', 'local'), moduleWith(store, 'once', 'refuse')];
      const first = presented();
      expect([await codeOf(local, first), await codeOf(strict, first)]).toEqual([
        undefined,
        'store_unavailable',
      ]);
    });

    it('refuse: nor if both are asked at a time', async () => {
      const store = down();
      const [local, strict] = [moduleWith(store, 'once', 'local'), moduleWith(store, 'once', 'refuse')];
      const first = presented();
      expect(await Promise.all([codeOf(local, first), codeOf(strict, first)])).toEqual([
        undefined,
        'store_unavailable',
      ]);
      expect(await Promise.all([codeOf(strict, presented()), codeOf(local, presented())])).toEqual([
        'store_unavailable',
        undefined,
      ]);
    });

    it('local: lets the request in by what both have seen, and another one with its proof not', async () => {
      const store = down();
      const [one, other] = [moduleWith(store), moduleWith(store)];
      const first = presented();
      expect([await codeOf(one, first), await codeOf(other, first)]).toEqual([undefined, undefined]);
      for (const each of [one, other])
        expect(await codeOf(each, { ...first, carrier: {} })).toBe('proof_replayed');
    });

    it('local: is not bound by the 503 of the module before it', async () => {
      const store = down();
      const [strict, local] = [moduleWith(store, 'once', 'refuse'), moduleWith(store, 'once', 'local')];
      const first = presented();
      const both = await Promise.all([codeOf(strict, first), codeOf(local, first)]);
      expect(both).toEqual(['store_unavailable', undefined]);
    });
  });
});

describe('a caller that does not ask the store', () => {
  it('has not used the proof', async () => {
    const one = moduleWith(memoryStore());
    const first = presented();
    expect(one.verify(BOUND, first)).toBeTypeOf('function');
    expect(await codeOf(one, first)).toBeUndefined();
    expect(await codeOf(one, { ...first, carrier: {} })).toBe('proof_replayed');
    const noCarrier = presented({ carrier: undefined });
    one.verify(BOUND, noCarrier);
    expect(await codeOf(one, noCarrier)).toBeUndefined();
    expect(await codeOf(one, noCarrier)).toBe('proof_replayed');
  });
});
