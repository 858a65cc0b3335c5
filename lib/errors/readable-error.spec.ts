import { describe, expect, it } from 'vitest';
import { HOSTILE_ERRORS } from '../../test/support/hostile-errors.js';
import { describeError, IdentityError } from './identity-error.js';
import { readable } from './readable-error.js';

describe('the words for an error', () => {
  it('are those of its causes, too', () => {
    const error = new IdentityError('check_failed', 'outer', { cause: new Error('inner') });
    expect(describeError(error)).toBe('outer: inner');
  });

  it.each(HOSTILE_ERRORS)('are there for %s, alone and as a cause', (_name, make) => {
    expect(describeError(make())).toMatch(/./);
    expect(describeError(new IdentityError('check_failed', 'outer', { cause: make() }))).toMatch(/^outer/);
  });
});

describe('what was thrown', () => {
  it.each(HOSTILE_ERRORS)('can be read afterwards: %s', (_name, make) => {
    const error = readable(make()) as Error;
    expect(() => structuredClone([error.message, error.name, error.stack])).not.toThrow();
  });

  it.each([[new Error('x', { cause: new TypeError('y') })], ['text'], [undefined], [{ message: 1 }]])(
    'stays what it is if it can be read: %s',
    (thrown) => {
      expect(readable(thrown)).toBe(thrown);
    },
  );
});
