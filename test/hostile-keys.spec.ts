import { createPublicKey } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import {
  IdentityEvents,
  JwksService,
  TokenValidationService,
  type IdentityEvent,
} from 'nestjs-identity-model';
import { createModule, rejectionOf } from './support/create-module.js';
import { ProviderDouble } from './support/provider-double.js';
import { createKey, encode, signToken, type SigningKey } from './support/signing-key.js';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

interface Started {
  readonly provider: ProviderDouble;
  readonly tokens: TokenValidationService;
  readonly jwks: JwksService;
  readonly events: IdentityEvent[];
  /** Puts any members into the key set. */
  readonly publish: (keys: readonly object[]) => void;
}

async function start(): Promise<Started> {
  const provider = await ProviderDouble.start();
  const module = await createModule({
    issuer: provider.issuer,
    audience: 'orders-api',
    warmUp: 'off',
    http: { retries: 0 },
  });
  closers.push(
    () => provider.stop(),
    () => module.close(),
  );
  const events: IdentityEvent[] = [];
  module.get(IdentityEvents).events$.subscribe((event) => events.push(event));
  return {
    provider,
    tokens: module.get(TokenValidationService),
    jwks: module.get(JwksService),
    events,
    publish: (keys) => {
      provider.answers.set(provider.jwksPath, (_request, response) => {
        response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys }));
      });
    },
  };
}

/** As serializers write it that know no optional members. */
const withEmptyMembers = ({ jwk }: SigningKey): object => ({
  ...jwk,
  d: null,
  p: '',
  oth: [],
  k: null,
  x5c: [],
  x5u: null,
  key_ops: [],
});

describe('key sets of a provider', () => {
  it('do not open the door to tokens that nobody signed', async () => {
    const { provider, tokens, events, publish } = await start();
    // The neutral point: R = the same, S = 0 is a signature of everything.
    const x = Buffer.concat([Buffer.of(1), Buffer.alloc(31)]);
    const weak = { kty: 'OKP', crv: 'Ed25519', x: x.toString('base64url'), kid: 'weak', alg: 'EdDSA' };
    expect(createPublicKey({ key: weak, format: 'jwk' }).type).toBe('public');
    publish([weak, provider.key.jwk]);
    const signature = Buffer.concat([x, Buffer.alloc(32)]).toString('base64url');
    for (const header of [{ kid: 'weak' }, {}]) {
      const head = encode(JSON.stringify({ typ: 'at+jwt', alg: 'EdDSA', ...header }));
      const forged = `${head}.${encode(JSON.stringify(provider.claims()))}.${signature}`;
      expect(await rejectionOf(tokens.validate(forged))).toBe('key_not_found');
    }
    expect(events).toContainEqual({
      type: 'jwks.key-skipped',
      issuer: provider.issuer,
      kid: 'weak',
      reason: 'its Ed25519 point has a small order',
    });
  });

  it('may hold what serializers leave of members that were never set, and so may headers', async () => {
    const { provider, tokens, jwks, publish } = await start();
    publish([withEmptyMembers(provider.key)]);
    for (const header of [
      {},
      { kid: null },
      { kid: '', typ: null },
      { kid: 'rsa-1', typ: '', x5t: null, cty: null },
    ]) {
      expect((await tokens.validate(provider.token({}, header))).claims.sub).toBe('user-1');
    }
    const { header } = await tokens.validate(provider.token({}, { kid: null }));
    expect(header).not.toHaveProperty('kid');
    const expected = await jwks.findKey({ alg: 'RS256', kid: 'rsa-1' });
    expect(await jwks.findKey({ alg: 'RS256', kid: '' })).toBe(expected);
    for (const crit of [null, []]) {
      expect(await rejectionOf(tokens.validate(provider.token({}, { crit })))).toBe('header_unsupported');
    }
  });

  it('still must not hold private keys', async () => {
    const { provider, tokens, publish } = await start();
    publish([{ ...withEmptyMembers(provider.key), d: provider.key.privateKey.export({ format: 'jwk' }).d }]);
    expect(await rejectionOf(tokens.validate(provider.token()))).toBe('keys_unavailable');
  });

  it('may hold six keys without id, and each verifies its tokens', async () => {
    const { provider, tokens, events, publish } = await start();
    const keys = Array.from({ length: 6 }, () => createKey('ES256', 'unused'));
    publish(keys.map(({ jwk }) => ({ ...jwk, kid: undefined })));
    for (const key of keys) {
      const token = signToken(key, provider.claims(), { kid: undefined });
      expect((await tokens.validate(token)).issuer).toBe(provider.issuer);
    }
    expect(events.filter(({ type }) => type === 'jwks.candidates-cut')).toEqual([]);
  });

  it('of more keys than are tried are told of, and tokens with an id are not affected', async () => {
    const { provider, tokens, jwks, events, publish } = await start();
    const keys = Array.from({ length: 17 }, (_, index) => createKey('ES256', `key-${String(index)}`));
    publish(keys.map(({ jwk }) => jwk));
    const [last] = keys.slice(16);
    if (last === undefined) throw new Error('no last key');
    await tokens.validate(signToken(last, provider.claims()));
    for (let time = 0; time < 3; time++) {
      const anonymous = signToken(last, provider.claims(), { kid: undefined });
      expect(await rejectionOf(tokens.validate(anonymous))).toBe('signature_invalid');
    }
    await jwks.refresh();
    expect(events.filter(({ type }) => type === 'jwks.candidates-cut')).toEqual([
      {
        type: 'jwks.candidates-cut',
        issuer: provider.issuer,
        alg: 'ES256',
        kid: undefined,
        fitting: 17,
        tried: 16,
      },
    ]);
  });

  it('are not imported again if they have not changed', async () => {
    const { provider, jwks, publish } = await start();
    const kept = createKey('ES512', 'kept').jwk;
    publish([kept]);
    const before = await jwks.get();
    publish([kept, provider.key.jwk]);
    const after = await jwks.refresh();
    expect(after.keys[0]?.key).toBe(before.keys[0]?.key);
    expect(after.keys).toHaveLength(2);
  });
});
