import { describe, expect, it } from 'vitest';
import { describeRefusal } from './problems.js';

const refusal = { status: 401, code: undefined, challenge: '' };
const expired = 'Bearer realm="api", error="invalid_token", error_description="The access token is expired"';
const scope = 'Bearer realm="api", error="insufficient_scope", scope="identity:read"';

describe('what an answer means', () => {
  it.each([
    ['an expired token', { ...refusal, challenge: expired }, /has expired/, true],
    ['a refused token', refusal, /was refused/, true],
    ['a header that is none', { ...refusal, status: 400 }, /was refused/, true],
    [
      'a scope that is missing',
      { ...refusal, status: 403, challenge: scope },
      /a scope .*: identity:read\.$/,
      true,
    ],
    ['another right', { ...refusal, status: 403 }, /lacks a right/, true],
    ['another site', { ...refusal, status: 403, code: 'cross_site' }, /another site/, true],
    ['an outage of the provider', { ...refusal, status: 503 }, /keys of its issuer cannot be had/, false],
    [
      'too many pages',
      { ...refusal, status: 503, code: 'too_many_streams' },
      /As many of these pages/,
      false,
    ],
    ['a broken proxy', { ...refusal, status: 502 }, /status 502/, false],
  ])('%s', (_name, given, text, isFinal) => {
    const problem = describeRefusal(given, 'token');
    expect(problem.text).toMatch(text);
    expect(problem.isFinal).toBe(isFinal);
  });

  it.each([
    [401, /session is over/],
    [403, /may not see/],
    [503, /cannot serve/],
  ])('behind a guard says nothing of a token: %d', (status, text) => {
    const problem = describeRefusal({ ...refusal, status }, 'guard');
    expect(problem.text).toMatch(text);
    expect(problem.text).not.toMatch(/token/i);
  });
});
