import { describe, expect, it } from 'vitest';
import { IdentityError } from '../errors/identity-error.js';
import { Problems } from './option-reader.js';
import { refuseRuntime } from './read-environment.js';

describe('refuseRuntime', () => {
  const problemOf = (versions: Record<string, string>): unknown => {
    const problems = new Problems();
    refuseRuntime(versions, problems);
    try {
      problems.throwIfAny();
      return undefined;
    } catch (error) {
      return error;
    }
  };

  it('lets Node.js pass', () => {
    expect(problemOf({ node: '24.0.0' })).toBeUndefined();
  });

  it('refuses Bun, and says why and what to do', () => {
    const error = problemOf({ node: '24.3.0', bun: '1.4.5' });
    expect(error).toBeInstanceOf(IdentityError);
    expect(error).toMatchObject({
      code: 'options_invalid',
      message: expect.stringMatching(
        /Bun 1\.4\.5: is not supported: it replaces "undici".*run the application with Node\.js/,
      ) as string,
    });
  });
});
