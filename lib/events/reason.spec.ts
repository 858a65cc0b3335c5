import { ForbiddenException } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { IdentityError, refuse } from '../errors/identity-error.js';
import { markAsApplications, reasonOf } from './reason.js';

describe('reasonOf', () => {
  it('is our own message, on one line and bounded', () => {
    expect(reasonOf(refuse('claim_missing', 'The claim "sub" is missing.'))).toBe(
      'The claim "sub" is missing.',
    );
    const long = reasonOf(refuse('keys_unavailable', `a\nb\u001b\u202e${'c'.repeat(1_000)}`));
    expect(long).toMatch(/^[\x20-\x7e]{490,500}…$/);
  });

  it('has the time to the next try if too many wait, which the shared text cannot have', () => {
    expect(reasonOf(refuse('keys_busy', 'Too many.', { retryAfterMs: 1_250 }))).toBe(
      'Too many. Next try in 1250 ms.',
    );
    expect(reasonOf(refuse('keys_busy', 'Too many.'))).toBe('Too many.');
  });

  it('repeats nothing that the application has put into an error', () => {
    const error = new IdentityError('check_refused', 'the user ada@example.com is blocked');
    markAsApplications(error);
    expect(reasonOf(error)).toBe('The application\'s own "validate" check rejected the token.');
    expect(reasonOf(new ForbiddenException('ada@example.com'))).toBe(
      'An own check threw an HttpException with the status 403.',
    );
    for (const odd of [new Error('ada@example.com'), 'ada@example.com', undefined]) {
      expect(reasonOf(odd)).not.toContain('ada');
    }
  });
});
