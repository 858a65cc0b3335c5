import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeOf } from '../../test/support/code-of.js';
import { createKey, encode, signToken } from '../../test/support/signing-key.js';
import { ERROR_CODES } from '../errors/error-codes.js';
import { isUnset } from '../model/json.js';
import { parseToken } from './parse-token.js';

const MAX = 16_384;
const HEADER = '{"alg":"ES256","kid":"k","typ":"at+jwt"}';
const CLAIMS = '{"iss":"https://id.example.com","sub":"user"}';
const SIGNATURE = Buffer.alloc(64, 7).toString('base64url');

const compact = (header: string | Buffer, payload: string | Buffer, signature = SIGNATURE): string =>
  [header, payload].map((part) => Buffer.from(part).toString('base64url')).join('.') + `.${signature}`;
const GOOD = compact(HEADER, CLAIMS);

const parse = (token: unknown, max = MAX): string | undefined => codeOf(() => parseToken(token, max));

function messageOf(token: unknown, max = MAX): string | undefined {
  try {
    parseToken(token, max);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

describe('parseToken', () => {
  it('takes a token apart', () => {
    const parsed = parseToken(GOOD, MAX);
    expect(parsed.header).toEqual(JSON.parse(HEADER));
    expect(parsed.unverifiedClaims).toEqual(JSON.parse(CLAIMS));
    expect(parsed.token.slice(0, parsed.signedLength)).toBe(`${encode(HEADER)}.${encode(CLAIMS)}`);
    expect(parsed.type).toBe('at+jwt');
    expect(parsed.signature).toEqual(Buffer.alloc(64, 7));
    expect(parsed.token).toBe(GOOD);
  });

  it('takes a header without kid and typ', () => {
    expect(parse(compact('{"alg":"RS256"}', '{}'))).toBeUndefined();
  });

  it.each([
    ['undefined', undefined],
    ['null', null],
    ['a number', 1],
    ['an object', { token: GOOD }],
    ['a list', [GOOD]],
    ['bytes', Buffer.from(GOOD)],
    ['a String object', Object(GOOD)],
    ['something that turns into a token', { toString: () => GOOD, length: 10, indexOf: () => 1 }],
  ])('refuses %s', (_what, token) => {
    expect(parse(token)).toBe('token_malformed');
  });

  const [h, p, s] = GOOD.split('.') as [string, string, string];
  it.each([
    ['nothing', ''],
    ['one segment', h],
    ['two segments', `${h}.${p}`],
    ['two segments and a dot', `${h}.${p}.`],
    ['four segments', `${GOOD}.${s}`],
    ['five segments, a JWE', `${GOOD}.${s}.${s}`],
    ['a trailing dot', `${GOOD}.`],
    ['a leading dot', `.${GOOD}`],
    ['no header', `.${p}.${s}`],
    ['no payload', `${h}..${s}`],
    ['dots only', '..'],
    ['three dots', '...'],
    ['padding in the header', `${h}=.${p}.${s}`],
    ['padding in the payload', `${h}.${p}=.${s}`],
    ['padding in the signature', `${GOOD}==`],
    ['whitespace in front', ` ${GOOD}`],
    ['whitespace behind', `${GOOD} `],
    ['a line break behind', `${GOOD}\n`],
    ['a line break inside', `${h}.${p.slice(0, 4)}\n${p.slice(4)}.${s}`],
    ['a NUL inside', `${h}.${p}.\0${s}`],
    ['the plus of standard base64', `${h}.${p}.-_+A`],
    ['the slash of standard base64', `${h}.${p}.-_/A`],
    ['a letter beyond ASCII', `${h}.${p}.${s.slice(0, -1)}é`],
    ['a lone surrogate', `${h}.${p}.${s}\uD800`],
    ['a letter that its low byte makes valid', `${h}.${p}.${s.slice(0, -4)}\u0141AAA`],
    ['a signature of one letter', `${h}.${p}.A`],
    ['trailing bits in the signature', `${h}.${p}.-x`],
    ['trailing bits in the payload', `${h}.${encode('{}').slice(0, -1)}1.${s}`],
    ['the JSON serialization', JSON.stringify({ payload: p, protected: h, signature: s })],
  ])('refuses %s', (_what, token) => {
    expect(parse(token)).toBe('token_malformed');
  });

  const notObjects: [string, string | Buffer][] = [
    ['text that is not JSON', 'x'],
    ['JSON with a comment', '{/**/}'],
    ['JSON with a trailing comma', '{"alg":"ES256",}'],
    ['JSON with something behind', `${HEADER}{}`],
    ['JSON cut short', '{"alg":"ES256"'],
    ['a list', '[]'],
    ['a list of an object', `[${HEADER}]`],
    ['null', 'null'],
    ['a number', '1'],
    ['a string', '"alg"'],
    ['true', 'true'],
    ['a byte order mark in front', `\uFEFF${HEADER}`],
    ['an overlong byte', Buffer.from([0x7b, 0xc0, 0x80, 0x7d])],
    ['a lone continuation byte', Buffer.concat([Buffer.from('{"a":"'), Buffer.of(0x80), Buffer.from('"}')])],
    [
      'an encoded surrogate',
      Buffer.concat([Buffer.from('{"a":"'), Buffer.of(0xed, 0xa0, 0x80), Buffer.from('"}')]),
    ],
    ['UTF-16', Buffer.from(HEADER, 'utf16le')],
    ['NaN', '{"exp":NaN}'],
    ['a repeated name', '{"alg":"ES256","a":1,"a":1}'],
    ['a repeated name behind an escape', String.raw`{"alg":"ES256","iss":"a","is\u0073":"b"}`],
    ['a repeated __proto__', '{"alg":"ES256","__proto__":{},"__proto__":{}}'],
    ['a repeated empty name', '{"alg":"ES256","":1,"":2}'],
    ['a repeated name after a string full of syntax', String.raw`{"alg":"ES256","x":"\\\"{:[","a":1,"a":2}`],
    ['a repeated array index', '{"alg":"ES256","1":1,"1":2}'],
  ];
  it.each(notObjects)('refuses %s as the header', (_what, header) => {
    expect(parse(compact(header, CLAIMS))).toBe('token_malformed');
  });
  it.each(notObjects)('refuses %s as the payload', (_what, payload) => {
    expect(parse(compact(HEADER, payload))).toBe('token_malformed');
  });

  it('allows repeated names further in, which no check looks at', () => {
    expect(parse(compact(HEADER, '{"act":{"a":1,"a":2},"list":[{"b":1,"b":2}]}'))).toBeUndefined();
  });

  it.each([
    ['no alg', '{}'],
    ['a null alg', '{"alg":null}'],
    ['a list of algs', '{"alg":["ES256"]}'],
    ['a numeric alg', '{"alg":256}'],
    ['an inherited alg', '{"__proto__":{"alg":"ES256"}}'],
    ['a numeric kid', '{"alg":"ES256","kid":1}'],
    ['an endless kid', `{"alg":"ES256","kid":"${'k'.repeat(513)}"}`],
    ['a list as kid', '{"alg":"ES256","kid":["k"]}'],
    ['a numeric typ', '{"alg":"ES256","typ":1}'],
    ['an object as typ', '{"alg":"ES256","typ":{}}'],
    ['an empty alg', '{"alg":[]}'],
  ])('refuses a header with %s', (_what, header) => {
    expect(parse(compact(header, CLAIMS))).toBe('token_malformed');
  });

  it.each(['null', '""', '[]'])('takes a kid or typ of %s for absent, and leaves it out', (value) => {
    const token = compact(`{"alg":"ES256","kid":${value},"typ":${value},"x5t":${value}}`, CLAIMS);
    const { header, type } = parseToken(token, 4096);
    expect(header).toEqual({ alg: 'ES256', x5t: JSON.parse(value) });
    expect(type).toBeNull();
  });

  it.each([
    '{"alg":"ES256","crit":["exp"],"exp":1}',
    '{"alg":"ES256","crit":[]}',
    '{"alg":"ES256","crit":null}',
    '{"alg":"ES256","b64":false}',
    '{"alg":"ES256","b64":true}',
    String.raw`{"alg":"ES256","cri\u0074":["b64"]}`,
  ])('refuses extensions: %s', (header) => {
    expect(parse(compact(header, CLAIMS))).toBe('header_unsupported');
  });

  it('measures before it parses, to the byte', () => {
    expect(parse(GOOD, GOOD.length)).toBeUndefined();
    expect(parse(GOOD, GOOD.length - 1)).toBe('token_too_large');
    expect(parse('.'.repeat(10_000_000))).toBe('token_too_large');
  });

  const nested = (depth: number, kind: 'lists' | 'objects'): string =>
    kind === 'lists'
      ? `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`
      : `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

  it.each(['lists', 'objects'] as const)('takes %s nested to the bound, and survives any depth', (kind) => {
    expect(parse(compact(HEADER, nested(64, kind)))).toBeUndefined();
    const lines: (string | undefined)[] = [];
    for (const depth of [65, 5_000, 100_000]) {
      const token = compact(HEADER, nested(depth, kind));
      expect(parse(token, 2_000_000)).toBe('token_malformed');
      lines.push(messageOf(token, 2_000_000));
      expect(parse(compact(HEADER, nested(depth, kind).slice(0, -1)), 2_000_000)).toBe('token_malformed');
    }
    expect(new Set(lines)).toEqual(new Set(['The payload is nested more than 64 levels deep.']));
  });

  it('bounds the depth of the header too', () => {
    const header = `{"alg":"ES256","x":${nested(64, 'lists')}}`;
    expect(messageOf(compact(header, CLAIMS))).toBe('The header is nested more than 64 levels deep.');
  });

  it('counts no brackets in strings as depth', () => {
    expect(
      parse(compact(HEADER, JSON.stringify({ a: '['.repeat(1_000), '{{{': '{'.repeat(1_000) }))),
    ).toBeUndefined();
    expect(
      parse(compact(HEADER, JSON.stringify({ a: Array.from({ length: 1_000 }, () => [{}]) }))),
    ).toBeUndefined();
  });

  it.each<[message: string, token: unknown]>([
    ['The token is not a string; what came together with one is passed by createCredentials.', 1],
    [
      'The token is opaque: it has one segment, and a JWS has three. Let the provider issue JWTs for this API.',
      h,
    ],
    ['The token does not have three segments.', `${h}.${p}`],
    ['The token does not have three segments.', `${GOOD}.${s}`],
    ['The token does not have three segments.', `${GOOD}.${s}.${s}.${s}.${s}`],
    [
      'The token is encrypted (a JWE, five segments), and only signed ones (three segments) are accepted. Let the provider encrypt no access tokens for this API.',
      `${GOOD}.${s}.${s}`,
    ],
    [
      'The token is encrypted (a JWE, five segments), and only signed ones (three segments) are accepted. Let the provider encrypt no access tokens for this API.',
      `${h}..${p}.${s}.${s}`,
    ],
    ['The third segment, the signature, is empty: unsigned tokens are not accepted.', `${h}.${p}.`],
    ['A segment of the token is empty.', `.${p}.${s}`],
    ['A segment of the token is empty.', `${h}..${s}`],
    ['The token does not have three segments.', '.'.repeat(1_000)],
    ['The token is padded with "=": the base64url of a JWS is not padded.', `${GOOD}==`],
    ['The payload is padded with "=": the base64url of a JWS is not padded.', `${h}.${p}==.${s}`],
    ['The header is padded with "=": the base64url of a JWS is not padded.', `${h}=.${p}.${s}`],
    ['The token is not canonical base64url.', `${h}.${p}.-_+A`],
    ['The header is not canonical base64url of UTF-8.', ` ${GOOD}`],
    ['The token begins with "Bearer ": only what follows it is the token.', `Bearer ${GOOD}`],
    ['The header is not JSON.', compact('x', CLAIMS)],
    ['The payload is not JSON.', compact(HEADER, 'x')],
    ['The payload is not a JSON object.', compact(HEADER, '[]')],
    ['A member name is repeated in the payload.', compact(HEADER, '{"a":1,"a":2}')],
    ['The header parameter "alg" is not a string.', compact('{"kid":"k"}', CLAIMS)],
    ['The header parameter "kid" is not a string.', compact('{"alg":"ES256","kid":1}', CLAIMS)],
    ['The header parameter "typ" is not a string.', compact('{"alg":"ES256","typ":1}', CLAIMS)],
    ['The header parameter "crit" is not supported.', compact('{"alg":"ES256","crit":[]}', CLAIMS)],
    ['The header parameter "b64" is not supported.', compact('{"alg":"ES256","b64":true}', CLAIMS)],
    [
      'The "kid" is longer than 512 characters.',
      compact(`{"alg":"ES256","kid":"${'k'.repeat(513)}"}`, CLAIMS),
    ],
  ])('says: %s', (message, token) => {
    expect(messageOf(token)).toBe(message);
  });

  it('calls a token with its scheme malformed', () => {
    expect(parse(`Bearer ${GOOD}`)).toBe('token_malformed');
  });

  it('says how long a token may be, and takes a kid of exactly the longest length', () => {
    expect(messageOf(GOOD, 100)).toBe('The token is longer than maxTokenBytes (100).');
    expect(parse(compact(`{"alg":"ES256","kid":"${'k'.repeat(512)}"}`, CLAIMS))).toBeUndefined();
  });

  it('says nothing of what is in the token', () => {
    const secret = 'c2VjcmV0';
    for (const token of [secret, `${h}.${secret}.${s}`, compact(`{"alg":1,"x":"${secret}"}`, CLAIMS)]) {
      expect(() => parseToken(token, MAX)).toThrow(
        expect.not.objectContaining({ message: expect.stringContaining(secret) }),
      );
    }
  });
});

describe('parseToken, whatever comes', () => {
  const CODES = ['token_too_large', 'token_malformed', 'header_unsupported'];

  /** Refused with one of the codes, or taken and the same token again when put together. */
  function isSound(token: unknown): void {
    const code = parse(token, 4096);
    if (code !== undefined) {
      expect(CODES).toContain(code);
      expect(ERROR_CODES).toHaveProperty(code);
      return;
    }
    const parsed = parseToken(token, 4096);
    const { signature, header, unverifiedClaims } = parsed;
    const [first, second, third] = parsed.token.split('.');
    expect(parsed.signedLength).toBe(parsed.token.lastIndexOf('.'));
    for (const part of [first, second, third]) {
      expect(Buffer.from(part ?? '', 'base64url').toString('base64url')).toBe(part);
    }
    expect(signature.toString('base64url')).toBe(third);
    const written = JSON.parse(Buffer.from(first ?? '', 'base64url').toString()) as Record<string, unknown>;
    for (const name of ['kid', 'typ']) if (isUnset(written[name])) delete written[name];
    expect(header).toEqual(written);
    expect(JSON.parse(Buffer.from(second ?? '', 'base64url').toString())).toEqual(unverifiedClaims);
    expect(header.alg).toBeTypeOf('string');
  }

  const segment = fc.stringMatching(/^[\w-]{0,40}$/);

  it('holds for any value', () => {
    fc.assert(fc.property(fc.anything({ withBigInt: true, withNullPrototype: true }), isSound));
  });

  it('holds for any string, with and without dots', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), isSound));
    fc.assert(fc.property(fc.array(segment, { maxLength: 5 }), (parts) => isSound(parts.join('.'))));
  });

  it('holds for any JSON in the segments', () => {
    const json = fc.oneof(
      fc.json(),
      fc.dictionary(fc.string(), fc.jsonValue()).map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(json, json, fc.uint8Array({ maxLength: 80 }), (header, payload, signature) => {
        isSound(compact(header, payload, Buffer.from(signature).toString('base64url')));
      }),
    );
  });

  it('holds for headers of every type in the members that matter, and takes the right ones', () => {
    let taken = 0;
    const value = fc.oneof(fc.string(), fc.jsonValue());
    const header = fc.oneof(
      fc.record({ alg: fc.string(), kid: value, typ: value }, { requiredKeys: ['alg'] }),
      fc.record({ alg: value, kid: value, typ: value, crit: value, b64: value }, { requiredKeys: [] }),
    );
    fc.assert(
      fc.property(header, fc.dictionary(fc.string(), fc.jsonValue()), (members, claims) => {
        const token = compact(JSON.stringify(members), JSON.stringify(claims));
        isSound(token);
        const strings = [members.kid, members.typ].every((item) => isUnset(item) || typeof item === 'string');
        const good =
          typeof members.alg === 'string' && strings && !('crit' in members) && !('b64' in members);
        expect(parse(token, 1_000_000) === undefined).toBe(good);
        if (good) taken++;
      }),
      { numRuns: 300 },
    );
    expect(taken).toBeGreaterThan(0);
  });

  it('holds for real tokens with a few letters changed, put in or taken out', () => {
    const real = signToken(createKey('ES256', 'k'), {
      iss: 'https://id.example.com',
      aud: ['a', 'b'],
      exp: 1,
    });
    const change = fc.record({
      at: fc.nat(real.length),
      remove: fc.nat(3),
      insert: fc.oneof(fc.stringMatching(/^[\w.=+/ -]{0,3}$/), fc.string({ unit: 'binary', maxLength: 3 })),
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        let token = real;
        for (const { at, remove, insert } of changes)
          token = token.slice(0, at) + insert + token.slice(at + remove);
        isSound(token);
      }),
      { numRuns: 1000 },
    );
  });
});
