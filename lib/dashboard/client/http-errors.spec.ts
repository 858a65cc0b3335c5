import { describe, expect, it } from 'vitest';
import { describeLoss, describeHttpError, OVER } from './http-errors.js';

const rejection = { status: 401, code: undefined, challenge: '' };
const expired = 'Bearer realm="api", error="invalid_token", error_description="The access token is expired"';
const scope = 'Bearer realm="api", error="insufficient_scope", scope="identity:read"';

describe('what an answer means', () => {
  it.each([
    ['an expired token', { ...rejection, challenge: expired }, /has expired/, true],
    ['a rejected token', rejection, /was rejected/, true],
    ['a header that is none', { ...rejection, status: 400 }, /was rejected/, true],
    [
      'a scope that is missing',
      { ...rejection, status: 403, challenge: scope },
      /a scope .*: identity:read\.$/,
      true,
    ],
    ['another right', { ...rejection, status: 403 }, /lacks a right .* not of an issuer/, true],
    ['another site', { ...rejection, status: 403, code: 'cross_site' }, /another site/, true],
    [
      'an outage of the provider',
      { ...rejection, status: 503 },
      /keys of its issuer could not be fetched/,
      false,
    ],
    [
      'too many pages',
      { ...rejection, status: 503, code: 'too_many_streams' },
      /As many of these pages/,
      false,
    ],
    ['a broken proxy', { ...rejection, status: 502 }, /status 502/, false],
  ])('%s', (_name, given, text, isFinal) => {
    const problem = describeHttpError(given, 'token');
    expect(problem.text).toMatch(text);
    expect(problem.isFinal).toBe(isFinal);
  });

  it.each([
    [401, /session is over/],
    [403, /may not see/],
    [503, /cannot serve/],
  ])('behind a guard says nothing of a token: %d', (status, text) => {
    const problem = describeHttpError({ ...rejection, status }, 'guard');
    expect(problem.text).toMatch(text);
    expect(problem.text).not.toMatch(/token/i);
  });
});

describe('whoever was inside and is turned away', () => {
  const rejected = describeHttpError(rejection, 'token');
  const replacement = { issuer: 'https://id.example.com', at: '14:02:11', outcome: 'done' } as const;

  it('reads that the key may be gone, and that nothing was replaced', () => {
    const { text, isFinal } = describeLoss(rejected, { wasInside: true, replacement: undefined });
    expect(text).toMatch(/key that signed it may have been withdrawn.*This page replaced no keys\.$/);
    expect(isFinal).toBe(true);
  });

  it.each([
    ['done', /The keys of https:\/\/id\.example\.com were replaced at 14:02:11\.$/],
    ['failed', /were not replaced: the attempt at 14:02:11 failed/],
    ['denied', /were not replaced: .* denied before it did anything/],
    ['lost', /replaced at 14:02:11 is not known/],
  ] as const)('reads what became of the keys: %s', (outcome, text) => {
    const before = { wasInside: true, replacement: { ...replacement, outcome } };
    expect(describeLoss(rejected, before).text).toMatch(text);
    expect(describeLoss(rejected, { ...before, wasInside: false }).text).toMatch(text);
  });

  it.each([
    ['a token that never got in', rejected, false, undefined],
    ['one that has expired', OVER.token, true, replacement],
    ['a session that is over', describeHttpError(rejection, 'guard'), true, replacement],
  ])('reads no more than before: %s', (_name, problem, wasInside, last) => {
    expect(describeLoss(problem, { wasInside, replacement: last })).toBe(problem);
  });
});
