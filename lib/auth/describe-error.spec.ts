import { ForbiddenException, InternalServerErrorException } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { IdentityError } from '../errors/identity-error.js';
import type { ValidatedToken } from '../model/token.js';
import { describeWithoutClaims, describeWithoutMessage, isRejected } from './describe-error.js';

const validated = (claims: object): ValidatedToken =>
  ({ claims, token: 'eyJh.eyJz.c2ln', issuer: 'https://id.example', header: {} }) as never;
const told = (message: string, claims: object): string =>
  describeWithoutClaims(
    new IdentityError('check_failed', 'broke', { cause: new Error(message) }),
    validated(claims),
  );

describe('what an error of the application says, without claims', () => {
  it.each<[string, string, object, string]>([
    ['a value', 'no user ada-7', { sub: 'ada-7' }, 'no user [claim]'],
    ['a value inside of a word', 'key user:ada-7x', { sub: 'ada-7' }, 'key user:[claim]x'],
    ['in other letters', 'no ADA-7', { sub: 'ada-7' }, 'no [claim]'],
    ['a value that others begin with', 'ada-7 is ada-77', { a: 'ada-7', b: 'ada-77' }, '[claim] is [claim]'],
    ['a number', 'row 4711', { uid: 4711 }, 'row [claim]'],
    ['a value of a list', 'group staff-1', { groups: ['x', 'staff-1'] }, 'group [claim]'],
    ['a name inside of a claim', 'client web-1', { resource_access: { 'web-1': {} } }, 'client [claim]'],
    ['the name of a claim stays', 'claim tenant is missing', { tenant: 't-123' }, 'claim tenant is missing'],
    ['a short value as a word', 'user a, adam', { sub: 'a' }, 'user [claim], adam'],
    ['what means something to expressions', 'no a.b*c+(d)', { sub: 'a.b*c+(d)' }, 'no [claim]'],
    ['in a URL', 'GET /u/ada%40x.y', { sub: 'ada@x.y' }, 'GET /u/[claim]'],
    ['in JSON', 'got {"n":"say \\"hi\\""}', { name: 'say "hi"' }, 'got {"n":"[claim]"}'],
    ['over two lines', 'no one\ntwo here', { name: 'one\ntwo' }, 'no [claim] here'],
    ['the token', 'sent eyJh.eyJz.c2ln on', {}, 'sent [claim] on'],
    ['half of a surrogate pair', 'no \ud800x here', { name: '\ud800x' }, 'no [claim] here'],
    ['an empty value', 'no one', { sub: '' }, 'no one'],
  ])('%s', (_name, message, claims, expected) => {
    expect(told(message, claims)).toBe(`broke: ${expected}`);
  });

  it('is bounded, and free of what breaks lines', () => {
    const text = told(`\u001b[31m\u2028${'x'.repeat(2_000)}`, {});
    expect(text.length).toBeLessThanOrEqual(501);
    expect(text).toMatch(/^[\x20-\x7e]+…$/);
  });

  it.each([
    ['too many values', { list: Array.from({ length: 600 }, (_, index) => `value-${String(index)}`) }],
    ['too deep', JSON.parse(`${'{"a":'.repeat(12)}1${'}'.repeat(12)}`) as object],
  ])('leaves the message out where there is too much to look for: %s', (_name, claims) => {
    const text = told('no value-3', claims);
    expect(text).toMatch(/^Error at /);
    expect(text).not.toContain('value-3');
  });

  it('says so where there is no error', () => {
    expect(describeWithoutClaims(undefined, validated({}))).toBe('it returned no user');
  });
});

describe('without the message', () => {
  it('tells kind, code and line, and nothing that the message looks like', () => {
    const error = Object.assign(new TypeError('secret\n    at secret'), { code: 'ECONNREFUSED' });
    const text = describeWithoutMessage(new IdentityError('check_failed', undefined, { cause: error }));
    expect(text).toMatch(/^TypeError ECONNREFUSED at .*describe-error\.spec/);
    expect(text).not.toContain('secret');
    expect(describeWithoutMessage(Object.assign(new Error('x'), { code: 'no code: ada' }))).toMatch(
      /^Error at /,
    );
  });

  it.each<[string, unknown, string]>([
    ['text', 'ada', 'not an Error object'],
    ['no stack', Object.assign(new Error('ada'), { stack: undefined }), 'Error'],
    ['a stack of its own', Object.assign(new Error('ada'), { stack: 'ado\n    at here' }), 'Error'],
  ])('%s', (_name, error, expected) => {
    expect(describeWithoutMessage(error)).toBe(expected);
  });
});

it.each<[string, unknown, boolean]>([
  ['null', undefined, true],
  ['403', new ForbiddenException(), true],
  ['500', new InternalServerErrorException(), false],
  ['rejected', new IdentityError('token_expired'), true],
  ['unavailable', new IdentityError('keys_busy'), false],
  ['any error', new Error('x'), false],
])('%s is a refusal: %s', (_name, fault, expected) => {
  expect(isRejected(fault)).toBe(expected);
});
