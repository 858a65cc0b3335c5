import { expect, it } from 'vitest';
import { thenable } from '../../test/support/thenable.js';
import { atOnce } from './at-once.js';

it('hands on an answer, and refuses to wait for one: its rejection ends nothing', async () => {
  for (const answer of [true, undefined, null, 'x', ['a'], thenable(1)])
    expect(atOnce(answer, '"x"')).toBe(answer);
  for (const answer of [Promise.resolve(true), Promise.reject(new Error('x')), thenable(() => undefined)]) {
    expect(() => atOnce(answer, '"scopeClaim"')).toThrow(
      expect.objectContaining({ code: 'check_failed', message: expect.stringContaining('"scopeClaim"') }),
    );
  }
  // A rejection that nobody handles fails the run.
  await new Promise((resolve) => setTimeout(resolve, 5));
});
