import {
  BadRequestException,
  ForbiddenException,
  HttpException,
  UnauthorizedException,
  type ExecutionContext,
} from '@nestjs/common';
import type { HttpAdapterHost } from '@nestjs/core';
import { ExecutionContextHost } from '../../test/support/execution-context.js';
import type { TestingModule } from '@nestjs/testing';
import { IdentityStats } from 'nestjs-identity-model';
import { TestIssuer } from 'nestjs-identity-model/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planOf } from '../../test/support/plan-of.js';
import { createModule } from '../../test/support/create-module.js';
import type { ErrorCode } from '../errors/error-codes.js';
import { IdentityError } from '../errors/identity-error.js';
import type { ValidatedToken } from '../model/token.js';
import { resolveOptions } from '../options/resolve-options.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/resolved-options.js';
import { Resources } from '../resources/resources.js';
import type { ErrorResponse } from '../transports/error-response.js';
import { httpTransport } from '../transports/http.transport.js';
import type { Connection, Transport } from '../transports/transport.js';
import { denied, type Denial } from './auth-outcome.js';
import { Authorizer } from './authorizer.js';
import { Challenges } from './challenges.js';
import { DenialResponder } from './denial-responder.js';

const issuer = TestIssuer.inMemory({ audience: 'orders-api' });
const REALM = 'Bearer realm="api"';
const VALIDATED: ValidatedToken = {
  claims: { iss: issuer.issuer, exp: 1 },
  header: { alg: 'ES256' },
  issuer: issuer.issuer,
  token: 'eyJh.eyJz.c2ln',
};

let module: TestingModule;
beforeAll(async () => {
  module = await createModule(issuer.moduleOptions());
});
afterAll(() => module.close());

/** How often a code was counted so far: of the issuer, and of requests without a token. */
function countOf(code: ErrorCode): readonly [number, number] {
  const { issuers, otherDenials } = module.get(IdentityStats).snapshot();
  const of = (rows: readonly { code: string; count: number }[] = []): number =>
    rows.find((row) => row.code === code)?.count ?? 0;
  return [of(issuers[0]?.denials), of(otherDenials)];
}

/** Answers of a responder; over HTTP with the headers that it set. */
function create({ closeExpired = false, resource }: { closeExpired?: boolean; resource?: string } = {}): {
  respond: (denial: Denial, transport?: Transport) => Promise<unknown>;
  headers: string[];
  context: ExecutionContext;
} {
  const resolved = module.get<ResolvedOptions>(RESOLVED_OPTIONS);
  const options: ResolvedOptions = {
    ...resolved,
    transports: { ...resolved.transports, closeExpired },
  };
  const headers: string[] = [];
  const response = {};
  const setHeader = (to: unknown, name: string, value: string | readonly string[]): void => {
    expect(to).toBe(response);
    for (const each of [value].flat()) headers.push(`set ${name}: ${each}`);
  };
  const adapterHost = { httpAdapter: { getHeader: () => undefined, setHeader } };
  const responder = new DenialResponder(
    options,
    module.get(Authorizer),
    new Challenges(
      options,
      new Resources(
        resource === undefined
          ? []
          : resolveOptions({ issuer: issuer.issuer, resource: { url: resource } }, {}).resources,
      ),
      null,
    ),
    adapterHost as unknown as HttpAdapterHost,
  );
  const context = new ExecutionContextHost([{ headers: {} }, response]);
  const respond = (denial: Denial, transport: Transport = httpTransport): Promise<unknown> => {
    return responder.respond(denial, { context, plan: planOf(), transport, holder: {} });
  };
  return { respond, headers, context };
}

describe('the answer over HTTP', () => {
  it.each<[ErrorCode, number, string[]]>([
    ['token_missing', 401, [`set WWW-Authenticate: ${REALM}`]],
    ['authorization_malformed', 400, [`set WWW-Authenticate: ${REALM}, error="invalid_request"`]],
    [
      'token_expired',
      401,
      [
        `set WWW-Authenticate: ${REALM}, error="invalid_token", error_description="The access token is expired"`,
      ],
    ],
    ['claim_not_met', 403, [`set WWW-Authenticate: ${REALM}, error="insufficient_scope"`]],
    ['keys_unavailable', 503, ['set Retry-After: 1']],
    ['options_invalid', 500, []],
  ])(
    "to %s is Nest's exception of %i, with the headers that belong to it",
    async (code, status, expected) => {
      const { respond, headers } = create();
      const error = new IdentityError(code);
      const answer = await respond(denied(error));
      expect(answer).toBeInstanceOf(HttpException);
      expect(answer).toMatchObject({ status, cause: error });
      expect(headers).toEqual(expected);
    },
  );

  it('names what a client has to ask for, the metadata, and when to come back', async () => {
    const { respond, headers } = create({ resource: 'https://api.example/orders' });
    const challenge = { scope: 'a b' };
    await respond(denied(new IdentityError('scope_missing'), { validated: VALIDATED, challenge }));
    await respond(denied(new IdentityError('keys_busy', undefined, { retryAfterMs: 2_001 })));
    expect(headers).toEqual([
      `set WWW-Authenticate: ${REALM}, error="insufficient_scope", scope="a b", resource_metadata="https://api.example/.well-known/oauth-protected-resource/orders"`,
      'set Retry-After: 3',
    ]);
  });

  it('is an exception of the application as it is, with the challenge of why the token was not accepted', async () => {
    const { respond, headers } = create();
    const own = new BadRequestException('own');
    expect(await respond(denied(own, { cause: new IdentityError('token_missing') }))).toBe(own);
    expect(headers).toEqual([`set WWW-Authenticate: ${REALM}`]);
  });

  it("has a challenge also with a 401 of the application's own", async () => {
    const { respond, headers } = create();
    const own = new UnauthorizedException('own');
    expect(await respond(denied(own, { validated: VALIDATED }))).toBe(own);
    expect(headers).toEqual([
      `set WWW-Authenticate: ${REALM}, error="invalid_token", error_description="The access token is invalid"`,
    ]);
  });

  it.each([
    ['a 403 of the application', new ForbiddenException('own')],
    ['an error that is no exception of Nest', new TypeError('database')],
    ['what is no error', 'own'],
    ['what only looks like a 401', { getStatus: () => 401 }],
  ])('to %s has no header, and is it', async (_what, own) => {
    const { respond, headers } = create();
    expect(await respond(denied(own))).toBe(own);
    expect(headers).toEqual([]);
  });
});

describe('the count of denials', () => {
  it.each<[string, Denial, ErrorCode, readonly [number, number]]>([
    ['without a token', denied(new IdentityError('token_missing')), 'token_missing', [0, 1]],
    [
      'of a route',
      denied(new IdentityError('scope_missing'), { validated: VALIDATED }),
      'scope_missing',
      [1, 0],
    ],
    [
      'by an exception of the application',
      denied(new ForbiddenException(), { validated: VALIDATED }),
      'check_refused',
      [1, 0],
    ],
    [
      'by an exception of the application with the status of its cause',
      denied(new UnauthorizedException(), { cause: new IdentityError('token_missing') }),
      'token_missing',
      [0, 1],
    ],
  ])('has one %s', async (_what, denial, code, expected) => {
    const before = countOf(code);
    await create().respond(denial);
    const after = countOf(code);
    expect([after[0] - before[0], after[1] - before[1]]).toEqual(expected);
  });
});

describe('the answer beyond HTTP', () => {
  const told = new Error('as the clients of the transport read it');
  const closed: ErrorResponse[] = [];
  const connection = { close: (response: ErrorResponse) => closed.push(response) } as unknown as Connection;
  /** A transport that makes exceptions of its own, and what it was asked for. */
  function transportWith(over?: Connection): { transport: Transport; asked: unknown[] } {
    const asked: unknown[] = [];
    const transport: Transport = {
      ...httpTransport,
      connectionOf: () => over,
      toException: async (response, context) => {
        asked.push([response, context]);
        return told;
      },
    };
    return { transport, asked };
  }
  const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('is what the transport makes of code and status, and no header', async () => {
    const { respond, headers, context } = create();
    const { transport, asked } = transportWith();
    const error = new IdentityError('keys_busy', undefined, { retryAfterMs: 1_500 });
    expect(await respond(denied(error), transport)).toBe(told);
    const response = { status: 503, code: 'keys_busy', message: 'Service Unavailable', retryAfterSec: 2 };
    expect(asked).toEqual([[response, context]]);
    expect(headers).toEqual([]);
  });

  it('is made of an exception of the application, too', async () => {
    const { respond, context } = create();
    const { transport, asked } = transportWith();
    expect(await respond(denied(new ForbiddenException('own')), transport)).toBe(told);
    const response = { status: 403, code: 'check_refused', message: 'Forbidden' };
    expect(asked).toEqual([[response, context]]);
  });

  it("to an error of the application's setup is Nest's exception, which says nothing of it", async () => {
    const { transport, asked } = transportWith();
    const error = new IdentityError('transport_unsupported', 'Use guardSockets.');
    const answer = await create().respond(denied(error), transport);
    expect(answer).toBeInstanceOf(HttpException);
    expect(answer).toMatchObject({ status: 500, cause: error });
    expect(asked).toEqual([]);
  });

  it.each([
    ['a 500 of the application', new HttpException('own', 500)],
    ['what is none of our errors', new TypeError('database')],
  ])('to %s is it', async (_what, own) => {
    const { transport, asked } = transportWith();
    expect(await create().respond(denied(own), transport)).toBe(own);
    expect(asked).toEqual([]);
  });

  it.each<[string, boolean, ErrorCode, Connection | undefined, number]>([
    ['closes the connection after it, if the token expired', true, 'token_expired', connection, 1],
    ['leaves the connection open without closeExpired', false, 'token_expired', connection, 0],
    ['leaves the connection open after another error', true, 'issuer_unknown', connection, 0],
    ['has no connection to close', true, 'token_expired', undefined, 0],
  ])('%s', async (_what, closeExpired, code, over, times) => {
    closed.length = 0;
    const { transport } = transportWith(over);
    expect(await create({ closeExpired }).respond(denied(new IdentityError(code)), transport)).toBe(told);
    // The filters of the application come first.
    expect(closed).toEqual([]);
    await nextTurn();
    expect(closed).toEqual(
      Array.from({ length: times }, () => ({ status: 401, code, message: 'Unauthorized' })),
    );
  });
});
