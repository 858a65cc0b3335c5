import { Logger } from '@nestjs/common';
import { ExecutionContextHost } from '../../test/support/execution-context.js';
import { describe, expect, it, vi } from 'vitest';
import { IdentityError } from '../errors/identity-error.js';
import type { ValidatedToken } from '../model/token.js';
import { toCheckError } from '../validation/run-hooks.js';
import { denied, type Denial } from './auth-outcome.js';
import { MisconfigurationLog } from './misconfiguration-log.js';

class Orders {
  list(): void {
    // Never called: the log names it.
  }
}
const CONTEXT = new ExecutionContextHost([], Orders, Reflect.get(Orders.prototype, 'list'));
const VALIDATED: ValidatedToken = {
  claims: { iss: 'https://id.example', sub: 'ada-7', exp: 1 },
  header: { alg: 'RS256' },
  issuer: 'https://id.example',
  token: 'eyJh.eyJz.c2ln',
};

/** What is logged about denials that happen at some moments. */
function logged(...denials: readonly (Denial | readonly [Denial, number])[]): string[] {
  const lines: string[] = [];
  vi.spyOn(Logger.prototype, 'error').mockImplementation((line) => lines.push(`error ${String(line)}`));
  vi.spyOn(Logger.prototype, 'warn').mockImplementation((line) => lines.push(`warn ${String(line)}`));
  const log = new MisconfigurationLog();
  for (const each of denials) {
    const [denial, nowMs] = 'kind' in each ? [each, 0] : each;
    log.report(denial, CONTEXT, nowMs);
  }
  return lines;
}

const lacking = new IdentityError('transport_unsupported', 'Use guardSockets.', {
  cause: new Error('no socket'),
});
/** As the pipeline makes it of a check that threw. */
const broken = (thrown: unknown): IdentityError => toCheckError(thrown) as IdentityError;

describe('the log of what only the application can mend', () => {
  it('says the code and all that is known of an error of its setup', () => {
    const line = 'error transport_unsupported: Use guardSockets: no socket';
    expect(logged(denied(lacking))).toEqual([line]);
    // An override of handleRequest has made an exception of its own of it.
    expect(logged(denied(new Error('own'), { cause: lacking }))).toEqual([line]);
  });

  it.each([
    ['a token that was rejected', denied(new IdentityError('token_expired'))],
    ['an outage', denied(new IdentityError('keys_unavailable'))],
    ['an exception of the application', denied(new Error('own'))],
    ['what is no error', denied(undefined)],
    [
      'a "mapUser" that failed, which is an event of its own',
      denied(broken(new Error('database')), { validated: VALIDATED }),
    ],
    [
      'a token that was rejected, though it has a misconfigured cause',
      denied(new IdentityError('token_expired'), { cause: lacking }),
    ],
  ])('does not say %s', (_what, denial) => {
    expect(logged(denial)).toEqual([]);
  });

  it('says which check broke where, what it threw, and where that was thrown', () => {
    const [line] = logged(denied(broken(new TypeError('no such user'))));
    expect(line).toMatch(
      /^error check_failed at Orders\.list: The application's own "validate" failed: it threw TypeError\. TypeError at .*misconfiguration-log\.spec\.ts:\d+:\d+\)?$/,
    );
    // Before the token was accepted, its claims are not known, and cannot be left out of a message.
    expect(line).not.toContain('no such user');
  });

  it('says the message of a requirement that broke, without the claims of the token', () => {
    const denial = denied(broken(new Error('no row for ada-7')), {
      validated: VALIDATED,
      broken: 'requirement',
    });
    expect(logged(denial)).toEqual([
      'error check_failed at Orders.list: The application\'s own "validate" failed: it threw Error. ' +
        'The application\'s own "validate" failed: it threw Error: no row for [claim]',
    ]);
  });

  it('says a check that failed in words of ours once', () => {
    const error = new IdentityError('check_failed', '"validate" answered with a promise.');
    expect(logged(denied(error))).toEqual([
      'error check_failed at Orders.list: "validate" answered with a promise.',
    ]);
  });

  it('says no words of the application, but where they come from, if a check threw such an error itself', () => {
    const [line] = logged(denied(broken(new IdentityError('check_failed', 'ada-7 is not there'))));
    expect(line).toMatch(
      /^error check_failed at Orders\.list: A function of the application \([^)]*\) failed\. IdentityError at .*misconfiguration-log\.spec\.ts:/,
    );
    expect(line).not.toContain('ada-7');
  });

  it('warns of a handleRequest that returns no user', () => {
    const denial = denied(new IdentityError('token_missing'), { broken: 'handleRequest' });
    expect(logged(denial)).toEqual([
      'warn handleRequest returned no user for Orders.list, which is answered 401: put @OptionalAuth() on handlers ' +
        'that need no token, or return a user',
    ]);
  });

  it('says the same once a minute, and each thing for itself', () => {
    const setup = denied(lacking);
    const check = denied(broken(new Error('database')));
    const noUser = denied(new IdentityError('token_missing'), { broken: 'handleRequest' });
    const kinds = logged(
      [setup, 0],
      [setup, 59_999],
      [check, 59_999],
      [noUser, 59_999],
      [setup, 60_000],
      [setup, 119_999],
      [check, 119_998],
      [noUser, 119_998],
      [check, 119_999],
      [noUser, 119_999],
    ).map((line) => line.split(/[: ]/, 3).join(' '));
    expect(kinds).toEqual([
      'error transport_unsupported ',
      'error check_failed at',
      'warn handleRequest returned',
      'error transport_unsupported ',
      'error check_failed at',
      'warn handleRequest returned',
    ]);
  });

  it('says it under the name of the guard', () => {
    const names: unknown[] = [];
    vi.spyOn(Logger.prototype, 'error').mockImplementation(function (this: Logger) {
      names.push(Reflect.get(this, 'context'));
    });
    new MisconfigurationLog().report(denied(lacking), CONTEXT);
    expect(names).toEqual(['IdentityAuthGuard']);
  });
});
