import { generateKeyPairSync } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { systemClock } from '../cache/clock.js';
import { codeOf } from '../../test/support/code-of.js';
import { FakeClock } from '../../test/support/fake-clock.js';
import { IdentityError } from '../errors/identity-error.js';
import { memoryStore } from '../store/memory-store.js';
import { ReplayGuard, type ReplayGuardParts, type Use } from '../store/replay-guard.js';
import { SharedStore } from '../store/shared-store.js';
import { TestIssuer } from '../testing/test-issuer.js';
import type { TestKey } from '../testing/test-key.js';
import { thumbprintOfKey } from '../testing/test-proof.js';
import { WRONG_PROOFS, type WrongProof } from '../testing/wrong-proofs.js';
import * as signatures from '../tokens/verify-signature.js';
import { DpopVerifier, type DpopRules, type ProvenRequest } from './dpop-verifier.js';
import { ProofKeys } from './proof-keys.js';
import { ProofNonces } from './proof-nonces.js';

const URL = 'https://api.example.com/orders';
const clock = new FakeClock();
const issuer = TestIssuer.inMemory({ clock });
const token = issuer.token({ dpop: true });
const JKT = thumbprintOfKey(issuer.clientKey);

const NONCES = new ProofNonces({
  secrets: ['s'.repeat(32)],
  lifetimeMs: 60_000,
  clockToleranceMs: 10_000,
  publicUrl: 'https://api.example.com',
});

const reporter = { report: () => undefined };

const guard = (own: Partial<ReplayGuardParts> = {}): ReplayGuard =>
  new ReplayGuard('dpop', { store: undefined, onStoreFailure: 'local', clock, reporter, ...own });

/** Both steps, as a request goes through them. */
function run(one: DpopVerifier, jkt: string, proven: ProvenRequest): void {
  one.assertFirst(one.use(one.check(jkt, proven)) as Use);
}

function verifier(own: Partial<DpopRules> = {}, keys = new ProofKeys()): DpopVerifier {
  const rules = {
    algorithms: ['ES256', 'EdDSA', 'Ed25519'],
    maxAgeMs: 60_000,
    clockToleranceMs: 10_000,
    publicUrl: 'https://api.example.com',
    nonces: undefined,
    replay: guard(),
    ...own,
  };
  return new DpopVerifier(rules, keys, clock);
}

const request = (proof: unknown, own: object = {}): ProvenRequest => ({
  token,
  proofs: [proof],
  method: 'GET',
  url: '/orders?page=2',
  ...own,
});

const verify = (proof: unknown, with_ = verifier(), own: object = {}): string | undefined =>
  codeOf(() => run(with_, JKT, request(proof, own)));

/** The code of each, and whether a signature is checked before it is known. */
const WRONG: Record<WrongProof, readonly [code: string, checksSignature?: true]> = {
  'two proofs': ['proof_malformed'],
  'not a proof': ['proof_malformed'],
  'too long': ['proof_malformed'],
  'without jti': ['proof_malformed'],
  'without htm': ['proof_malformed'],
  'without htu': ['proof_malformed'],
  'without iat': ['proof_malformed'],
  'without ath': ['proof_malformed'],
  'without key': ['proof_malformed'],
  'wrong type': ['proof_malformed'],
  'alg none': ['proof_invalid'],
  'alg confusion': ['proof_invalid'],
  tampered: ['proof_invalid', true],
  'stolen key': ['proof_invalid', true],
  'private key': ['proof_malformed'],
  'key for encryption': ['proof_invalid'],
  'wrong method': ['proof_invalid'],
  'method in lower case': ['proof_invalid'],
  'wrong path': ['proof_invalid'],
  'wrong host': ['proof_invalid'],
  'wrong scheme': ['proof_invalid'],
  'unknown nonce': ['proof_nonce_needed'],
  expired: ['proof_invalid'],
  'issued in the future': ['proof_invalid'],
  'wrong token': ['proof_invalid'],
  'wrong key': ['proof_invalid'],
};

describe('DpopVerifier', () => {
  it('takes a good proof', () => {
    expect(verify(issuer.dpop('GET', URL, token))).toBeUndefined();
    expect(verify(issuer.dpop('GET', `${URL}?page=2`, token))).toBeUndefined();
  });

  it.each(WRONG_PROOFS)('refuses one that is wrong: %s', (wrong) => {
    const [code, checksSignature = false] = WRONG[wrong];
    const check = vi.spyOn(signatures, 'findSigningKey');
    const options = { wrong, nonce: NONCES.current(clock.wallMs()) };
    const nonces = wrong === 'unknown nonce' ? NONCES : undefined;
    expect(verify(issuer.dpop('GET', URL, token, options), verifier({ nonces }))).toBe(code);
    expect(check.mock.calls.length > 0).toBe(checksSignature);
  });

  it('refuses the absence of a proof, and several', () => {
    const proof = issuer.dpop('GET', URL, token);
    expect(codeOf(() => run(verifier(), JKT, { ...request(proof), proofs: [] }))).toBe('proof_missing');
    expect(codeOf(() => run(verifier(), JKT, { ...request(proof), proofs: [proof, proof] }))).toBe(
      'proof_malformed',
    );
  });

  it('takes a proof once, and that of another key with the same id', () => {
    const one = verifier();
    const claims = { jti: 'same' };
    expect(verify(issuer.dpop('GET', URL, token, { claims }), one)).toBeUndefined();
    expect(verify(issuer.dpop('GET', URL, token, { claims }), one)).toBe('proof_replayed');
    const key = issuer.createClientKey();
    const other = issuer.token({ dpop: key });
    const proof = issuer.dpop('GET', URL, other, { key, claims });
    expect(codeOf(() => run(one, thumbprintOfKey(key), request(proof, { token: other })))).toBeUndefined();
    expect(verify(issuer.dpop('GET', URL, token), verifier({ replay: undefined }))).toBeUndefined();
  });

  it('uses nothing up by a proof that fails', () => {
    const one = verifier();
    const claims = { jti: 'same' };
    for (const wrong of WRONG_PROOFS) {
      if (wrong === 'unknown nonce') continue;
      verify(issuer.dpop('GET', URL, token, { claims, wrong }), one);
    }
    expect(verify(issuer.dpop('GET', URL, token, { claims }), one)).toBeUndefined();
  });

  it('is one request only: no other method, path or token', () => {
    const proof = issuer.dpop('POST', URL, token);
    expect(verify(proof)).toBe('proof_invalid');
    expect(verify(proof, verifier(), { method: 'DELETE' })).toBe('proof_invalid');
    expect(verify(proof, verifier(), { method: 'POST', url: '/admin' })).toBe('proof_invalid');
    expect(verify(proof, verifier(), { method: 'POST', token: issuer.token({ dpop: true }) })).toBe(
      'proof_invalid',
    );
    expect(verify(proof, verifier(), { method: 'POST' })).toBeUndefined();
  });

  it('checks neither type nor claims before the key is known to be that of the token', () => {
    const key = issuer.createClientKey();
    const proof = issuer.dpop('GET', URL, token, { key, header: { typ: 'JWT' }, claims: { jti: undefined } });
    expect(() => run(verifier(), JKT, request(proof))).toThrow(/"cnf.jkt"/);
  });

  it.each(['ES384', 'ES512', 'RS256', 'PS256', 'EdDSA', 'Ed25519', 'ES256'])(
    'verifies %s if it is on the list',
    (alg) => {
      const key = issuer.createClientKey(alg);
      const bound = issuer.token({ dpop: key });
      const one = verifier({ algorithms: [alg] });
      for (let use = 0; use < 2; use++) {
        const proof = issuer.dpop('GET', URL, bound, { key });
        expect(
          codeOf(() => run(one, thumbprintOfKey(key), request(proof, { token: bound }))),
        ).toBeUndefined();
      }
      const proof = issuer.dpop('GET', URL, bound, { key, wrong: 'tampered' });
      expect(codeOf(() => run(one, thumbprintOfKey(key), request(proof, { token: bound })))).toBe(
        'proof_invalid',
      );
    },
  );

  it('remembers keys that have verified a proof, and no other', () => {
    const keys = new ProofKeys();
    verify(issuer.dpop('GET', URL, token, { wrong: 'tampered' }), verifier({}, keys));
    expect(keys.size).toBe(0);
    verify(issuer.dpop('GET', URL, token), verifier({}, keys));
    verify(issuer.dpop('GET', URL, token), verifier({}, keys));
    expect(keys.size).toBe(1);
  });

  it('refuses keys that anybody can sign with, or that are none', () => {
    const bad = [
      // RFC 8032: a point of small order.
      { kty: 'OKP', crv: 'Ed25519', x: Buffer.alloc(32).fill(1, 0, 1).toString('base64url') },
      { kty: 'OKP', crv: 'Ed25519', x: 'AQAB' },
      { kty: 'EC', crv: 'P-256', x: 'A'.repeat(43), y: 'A'.repeat(43) },
      { kty: 'EC', crv: 'P-256', x: 'AQAB', y: 'AQAB' },
      {
        kty: 'RSA',
        n: generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' }).n,
        e: 'AQAB',
      },
    ];
    for (const jwk of bad) {
      const alg = { OKP: 'EdDSA', EC: 'ES256', RSA: 'RS256' }[jwk.kty];
      const key = { ...issuer.clientKey, jwk: { ...jwk, kid: 'k', alg: alg ?? '', use: 'sig' } } as TestKey;
      const bound = issuer.token({ dpop: key });
      const proof = issuer.dpop('GET', URL, bound, { key, header: { alg } });
      const one = verifier({ algorithms: ['ES256', 'EdDSA', 'RS256'] });
      expect(codeOf(() => run(one, thumbprintOfKey(key), request(proof, { token: bound })))).toBe(
        'proof_malformed',
      );
    }
  });
});

describe('replays', () => {
  const codeOfUse = async (one: DpopVerifier, proof: ProvenRequest): Promise<string | undefined> => {
    try {
      one.assertFirst(await one.use(one.check(JKT, proof)));
      return undefined;
    } catch (error) {
      return (error as IdentityError).code;
    }
  };
  const sharing = (store = memoryStore(), onStoreFailure: 'local' | 'refuse' = 'local'): DpopVerifier =>
    verifier({ replay: guard({ store: new SharedStore(store, systemClock, reporter), onStoreFailure }) });

  it('are refused over two processes that share a store', async () => {
    const store = memoryStore();
    const proof = request(issuer.dpop('GET', URL, token));
    const [one, other] = [sharing(store), sharing(store)];
    expect(await codeOfUse(one, proof)).toBeUndefined();
    expect(await codeOfUse(other, proof)).toBe('proof_replayed');
    expect(await codeOfUse(one, proof)).toBe('proof_replayed');
  });

  it('are not known while the store is down: each process decides, or nobody', async () => {
    const down = { putIfAbsent: () => Promise.reject(new Error('down')) };
    const proof = request(issuer.dpop('GET', URL, token));
    const local = sharing(down);
    expect(await codeOfUse(local, proof)).toBeUndefined();
    expect(await codeOfUse(local, proof)).toBe('proof_replayed');
    expect(await codeOfUse(sharing(down, 'refuse'), proof)).toBe('store_unavailable');
  });

  it('are not known if there is no room for more proofs', () => {
    const one = verifier({ replay: guard({ maxEntries: 1 }) });
    expect(verify(issuer.dpop('GET', URL, token), one)).toBeUndefined();
    expect(verify(issuer.dpop('GET', URL, token), one)).toBe('store_unavailable');
  });

  it('are remembered for as long as the proof passes on any replica', () => {
    const ttls: number[] = [];
    const replay = Object.assign(Object.create(guard()) as ReplayGuard, {
      use: (_proof: string, ttlMs: number) => {
        ttls.push(ttlMs);
        return 'first' as const;
      },
    });
    const nowSec = clock.wallMs() / 1000;
    for (const iat of [nowSec + 9, nowSec, nowSec - 50]) {
      expect(
        verify(issuer.dpop('GET', URL, token, { claims: { iat } }), verifier({ replay })),
      ).toBeUndefined();
    }
    const nonce = NONCES.current(clock.wallMs());
    verify(issuer.dpop('GET', URL, token, { nonce }), verifier({ replay, nonces: NONCES }));
    expect(ttls.map(Math.round)).toEqual([79_000, 70_000, 20_000, expect.any(Number)]);
    expect(ttls[3]).toBeGreaterThan(40_000);
    expect(ttls[3]).toBeLessThanOrEqual(70_000);
  });
});

describe('with nonces', () => {
  it('demands one of ours, and goes by its time and not by the clock of the client', () => {
    const now = clock.wallMs();
    const iat = now / 1000 - 86_400;
    const one = verifier({ nonces: NONCES });
    expect(verify(issuer.dpop('GET', URL, token), one)).toBe('proof_nonce_needed');
    expect(verify(issuer.dpop('GET', URL, token, { nonce: 'of somebody else' }), one)).toBe(
      'proof_nonce_needed',
    );
    expect(verify(issuer.dpop('GET', URL, token, { nonce: NONCES.current(now - 90_000) }), one)).toBe(
      'proof_nonce_needed',
    );
    expect(
      verify(issuer.dpop('GET', URL, token, { nonce: NONCES.current(now), claims: { iat } }), one),
    ).toBeUndefined();
  });

  it('says what else is wrong first, so that a nonce is asked for only if it helps', () => {
    for (const wrong of ['wrong token', 'wrong method', 'wrong path'] as const) {
      expect(verify(issuer.dpop('GET', URL, token, { wrong }), verifier({ nonces: NONCES }))).toBe(
        'proof_invalid',
      );
    }
  });
});

describe('whatever comes', () => {
  const value = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom('GET', URL, token, 'ES256', 'dpop+jwt', 1_700_000_000),
  );

  it('is refused with a code, without any word of it', () => {
    const name = fc.constantFrom('jti', 'htm', 'htu', 'iat', 'ath', 'nonce', 'exp');
    const parameter = fc.constantFrom('typ', 'alg', 'jwk', 'kid', 'crit');
    const one = verifier({ replay: undefined });
    fc.assert(
      fc.property(fc.dictionary(name, value), fc.dictionary(parameter, value), (claims, header) => {
        try {
          run(one, JKT, request(issuer.dpop('GET', URL, token, { claims, header })));
        } catch (error) {
          if (!(error instanceof IdentityError)) throw error;
          expect(error.code).toMatch(/^proof_(?:malformed|invalid)$/);
          expect(error.message).not.toContain(token);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is refused with any character of a good proof changed', () => {
    const proof = issuer.dpop('GET', URL, token);
    const one = verifier({ replay: undefined });
    fc.assert(
      fc.property(
        fc.nat(proof.length - 1),
        fc.constantFrom('A', 'b', '9', '-', '.', '=', ' ', ','),
        (at, character) => {
          const changed = proof.slice(0, at) + character + proof.slice(at + 1);
          if (changed === proof) return;
          expect(verify(changed, one)).toMatch(/^proof_(?:malformed|invalid)$/);
        },
      ),
      { numRuns: 500 },
    );
  });
});
