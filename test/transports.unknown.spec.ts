import { Injectable, UseGuards, type INestApplication } from '@nestjs/common';
import { APP_GUARD, ExternalContextCreator } from '@nestjs/core';
import { ExecutionContextHost } from './support/execution-context.js';
import { afterEach, describe, expect, it } from 'vitest';
import {
  Claims,
  IdentityAuthGuard,
  IdentityModule,
  OptionalAuth,
  Public,
  Token,
} from 'nestjs-identity-model';
import { TestIssuer } from 'nestjs-identity-model/testing';
import { createApp } from './support/create-app.js';

/** What a consumer of queues, a chat bot or a scheduler calls. */
@Injectable()
class Consumer {
  @Public() open(): string {
    return 'consumed';
  }
  closed(): string {
    return 'consumed';
  }
  @OptionalAuth() optional(): string {
    return 'consumed';
  }
}

@Public()
@Injectable()
class OpenConsumer {
  consume(): string {
    return 'consumed';
  }
}

@Public()
@UseGuards(IdentityAuthGuard)
@Injectable()
class GuardedOpenConsumer extends OpenConsumer {}

const issuer = TestIssuer.inMemory();
let app: INestApplication | undefined;

afterEach(async () => {
  await app?.close();
  app = undefined;
});

type Consumers = Consumer | OpenConsumer;

/** Calls a method as libraries do, with the guards of the application. */
async function call(
  instance: Consumers,
  name: string,
  type: string,
  args: readonly unknown[],
): Promise<unknown> {
  const method = Reflect.get(instance, name) as (...values: unknown[]) => unknown;
  const options = { guards: true, interceptors: false, filters: false };
  const called = app
    ?.get(ExternalContextCreator)
    .create(instance, method, name, undefined, undefined, undefined, undefined, options, type);
  return called?.(...args).catch((error: unknown) => error);
}

async function start(providers: readonly (new () => Consumers)[]): Promise<INestApplication> {
  const started = await createApp('express', {
    imports: [IdentityModule.forRoot(issuer.moduleOptions())],
    providers: [...providers, { provide: APP_GUARD, useExisting: IdentityAuthGuard }],
  });
  ({ app } = started);
  return started.app;
}

const calls: [type: string, args: unknown[]][] = [
  ['rmq', [{ content: 'a message' }]],
  ['telegraf', [{}]],
  // What a library does not name.
  ['http', [{ content: 'a message' }]],
  ['http', []],
  ['ws', ['no client']],
  ['graphql', [{}, {}, { flavour: 'vanilla' }, {}]],
];

describe.each(calls)('a call of type %s with %j', (type, args) => {
  it('is let in where the handler or its class is public', async () => {
    const target = await start([Consumer, OpenConsumer, GuardedOpenConsumer]);
    expect(await call(target.get(Consumer), 'open', type, args)).toBe('consumed');
    expect(await call(target.get(OpenConsumer), 'consume', type, args)).toBe('consumed');
    expect(await call(target.get(GuardedOpenConsumer), 'consume', type, args)).toBe('consumed');
  });

  it('is refused where a token is required or welcome', async () => {
    const target = await start([Consumer]);
    for (const name of ['closed', 'optional']) {
      expect(await call(target.get(Consumer), name, type, args)).toMatchObject({
        code: 'transport_unsupported',
      });
    }
  });
});

it('names the handler and the way out', async () => {
  const target = await start([Consumer]);
  for (const [type, args] of calls.slice(0, 4)) {
    expect(await call(target.get(Consumer), 'closed', type, args)).toMatchObject({
      message: expect.stringMatching(/Consumer\.closed, .*put @Public\(\) on it/) as unknown,
    });
  }
});

describe('@Claims and @Token of a call that no transport knows', () => {
  class Handlers {
    @Public() open(@Claims('sub') _sub: unknown, @Token() _token: unknown): void {}
    closed(@Claims() _claims: unknown): void {}
  }
  /** What Nest calls for a parameter. */
  const valuesOf = (name: keyof Handlers): unknown[] => {
    const metadata = Reflect.getMetadata('__routeArguments__', Handlers, name) as Record<
      string,
      { readonly data: unknown; readonly factory: (data: unknown, context: unknown) => unknown }
    >;
    const context = new ExecutionContextHost([{}], Handlers, Handlers.prototype[name]);
    context.setType('rmq');
    return Object.values(metadata).map(({ data, factory }) => factory(data, context));
  };

  it('are undefined where it is public, and refused elsewhere', () => {
    expect(valuesOf('open')).toEqual([undefined, undefined]);
    expect(() => valuesOf('closed')).toThrow('Handlers.closed');
  });
});
