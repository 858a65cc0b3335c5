import { describe, expect, it } from 'vitest';
import { ERROR_CODES, type ErrorCode } from './error-codes.js';
import { describeError, IdentityError, refuse } from './identity-error.js';

const STATUSES = { rejected: [400, 401, 403], unavailable: [503], misconfigured: [500] };

describe('IdentityError', () => {
  it.each(Object.keys(ERROR_CODES) as ErrorCode[])('%s has a status that fits its kind', (code) => {
    const error = new IdentityError(code);
    expect(STATUSES[error.kind]).toContain(error.status);
    expect(error.message).toBe(ERROR_CODES[code].meaning);
    expect(error).toMatchObject({ name: 'IdentityError', code, retryAfterMs: undefined });
  });

  it('keeps message, cause and the time of another attempt', () => {
    const cause = new Error('underneath');
    const error = new IdentityError('keys_unavailable', 'what happened', { cause, retryAfterMs: 5 });
    expect(error).toMatchObject({ message: 'what happened', cause, retryAfterMs: 5 });
    expect('cause' in new IdentityError('keys_unavailable')).toBe(false);
  });
});

describe('refuse', () => {
  it('spares the stack trace, and only its own', () => {
    const limit = Error.stackTraceLimit;
    expect(refuse('token_malformed').stack).not.toContain(' at ');
    expect(Error.stackTraceLimit).toBe(limit);
    expect(new Error('after').stack).toContain(' at ');
  });
});

describe('describeError', () => {
  it('lists the causes on one line, each once', () => {
    const root = new Error('connect\n\u001b[31mrefused\u0000\u202e');
    const middle = new Error('fetch failed', { cause: root });
    expect(describeError(new Error('GET failed: fetch failed', { cause: middle }))).toBe(
      'GET failed: fetch failed: connect \\u001b[31mrefused\\u0000\\u202e',
    );
  });

  it('takes the code where there is no message, and shows nothing that is no Error', () => {
    expect(describeError(Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }))).toBe(
      'ECONNREFUSED',
    );
    expect(describeError(new TypeError(''))).toBe('TypeError');
    expect(describeError('secret')).toBe('not an Error object');
    expect(describeError(undefined)).toBe('');
  });

  it('ends in a circle of causes', () => {
    const error = new Error('round');
    error.cause = error;
    expect(describeError(error)).toBe('round');
  });
});
