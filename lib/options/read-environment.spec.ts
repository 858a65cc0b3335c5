import { describe, expect, it } from 'vitest';
import { IdentityError } from '../errors/identity-error.js';
import { throwIfAny } from './option-issues.js';
import { findRuntimeIssues } from './read-environment.js';

describe('findRuntimeIssues', () => {
  const errorOf = (versions: Record<string, string>): unknown => {
    try {
      throwIfAny(findRuntimeIssues(versions));
      return undefined;
    } catch (error) {
      return error;
    }
  };

  it('lets Node.js pass', () => {
    expect(errorOf({ node: '24.0.0' })).toBeUndefined();
  });

  it('refuses Bun, and says why and what to do', () => {
    const error = errorOf({ node: '24.3.0', bun: '1.4.5' });
    expect(error).toBeInstanceOf(IdentityError);
    expect(error).toMatchObject({
      code: 'options_invalid',
      message: expect.stringMatching(
        /Bun 1\.4\.5: is not supported: it replaces "undici".*run the application with Node\.js/,
      ) as string,
    });
  });
});
