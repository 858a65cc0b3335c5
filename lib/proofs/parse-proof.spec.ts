import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeOf } from '../../test/support/code-of.js';
import { IdentityError } from '../errors/identity-error.js';
import { MAX_PROOF_BYTES, openProof, readHeader, readPayload, readSignature } from './parse-proof.js';

const encode = (text: string): string => Buffer.from(text).toString('base64url');
const HEADER = encode('{"typ":"dpop+jwt"}');
const PAYLOAD = encode('{"jti":"1"}');

function open(...values: readonly unknown[]): string | undefined {
  return codeOf(() => {
    const opened = openProof(values);
    readHeader(opened);
    readPayload(opened);
    readSignature(opened);
  });
}

describe('openProof', () => {
  it('takes a compact JWS apart', () => {
    const proof = `${HEADER}.${PAYLOAD}.AQID`;
    const opened = openProof([proof]);
    expect(opened.headerSegment).toBe(HEADER);
    expect(readHeader(opened)).toEqual({ typ: 'dpop+jwt' });
    expect(proof.slice(0, opened.signedLength)).toBe(`${HEADER}.${PAYLOAD}`);
    expect(readPayload(opened)).toEqual({ jti: '1' });
    expect(readSignature(opened)).toEqual(Buffer.of(1, 2, 3));
  });

  it.each([
    ['several header fields', [`${HEADER}.${PAYLOAD}.AQID`, `${HEADER}.${PAYLOAD}.AQID`]],
    ['two proofs in one', [`${HEADER}.${PAYLOAD}.AQID, ${HEADER}.${PAYLOAD}.AQID`]],
    ['an empty one', ['']],
    ['no text', [7]],
    ['null', [null]],
    ['a list', [[`${HEADER}.${PAYLOAD}.AQID`]]],
    ['one segment', ['opaque']],
    ['two segments', [`${HEADER}.${PAYLOAD}`]],
    ['four segments', [`${HEADER}.${PAYLOAD}.AQID.AQID`]],
    ['five segments', [`${HEADER}.a.b.c.d`]],
    ['no header', [`.${PAYLOAD}.AQID`]],
    ['no payload', [`${HEADER}..AQID`]],
    ['no signature', [`${HEADER}.${PAYLOAD}.`]],
    ['padding', [`${HEADER}=.${PAYLOAD}.AQID`]],
    ['base64', [`${HEADER}.${PAYLOAD}.A+/D`]],
    ['a signature that is not canonical', [`${HEADER}.${PAYLOAD}.AQIB1`]],
    ['a space', [` ${HEADER}.${PAYLOAD}.AQID`]],
    ['a header that is no JSON', [`${encode('{')}.${PAYLOAD}.AQID`]],
    ['a header that is a list', [`${encode('[]')}.${PAYLOAD}.AQID`]],
    ['a header that is null', [`${encode('null')}.${PAYLOAD}.AQID`]],
    ['a header member twice', [`${encode('{"typ":"a","typ":"b"}')}.${PAYLOAD}.AQID`]],
    ['a payload that is no JSON', [`${HEADER}.${encode('jti')}.AQID`]],
    ['a claim twice', [`${HEADER}.${encode('{"jti":"a","jti":"b"}')}.AQID`]],
    ['a claim twice, one escaped', [`${HEADER}.${encode(String.raw`{"jti":"a","\u006ati":"b"}`)}.AQID`]],
    ['a payload nested too deeply', [`${HEADER}.${encode(`{"a":${'['.repeat(70)}${']'.repeat(70)}}`)}.AQID`]],
    [
      'a payload that is no UTF-8',
      [`${HEADER}.${Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')}.AQID`],
    ],
    [
      'one character too many',
      [`${HEADER}.${PAYLOAD}.${'A'.repeat(MAX_PROOF_BYTES - HEADER.length - PAYLOAD.length - 1)}`],
    ],
  ])('refuses %s', (_what, values) => {
    expect(open(...values)).toBe('proof_malformed');
  });

  it('looks at no more than the length of one that is too long', () => {
    expect(() => openProof(['.'.repeat(1_000_000)])).toThrow(/longer than 4096 characters/);
  });

  it('refuses anything with one code, and repeats nothing of it', () => {
    const secret = 'SECRETSECRET';
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json().map((json) => `${encode(json)}.${encode(json)}.AQID`),
      fc.tuple(fc.base64String(), fc.base64String(), fc.base64String()).map((parts) => parts.join('.')),
    );
    fc.assert(
      fc.property(text, (proof) => {
        try {
          const opened = openProof([proof + secret]);
          readHeader(opened);
          readPayload(opened);
          readSignature(opened);
        } catch (error) {
          if (!(error instanceof IdentityError)) throw error;
          expect(error.code).toBe('proof_malformed');
          expect(error.message).not.toContain(secret);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
