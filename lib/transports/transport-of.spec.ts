import { headers, type MsgHdrs } from '@nats-io/transport-node';
import type { ExecutionContext } from '@nestjs/common';
import { ExecutionContextHost } from '../../test/support/execution-context.js';
import { nestLine } from '../../test/support/nest-line.js';
import {
  BaseRpcContext,
  KafkaContext,
  MqttContext,
  NatsContext,
  RedisContext,
  RmqContext,
  TcpContext,
} from '@nestjs/microservices';
import { describe, expect, it } from 'vitest';
import { codeOf } from '../../test/support/code-of.js';
import { latestDecision, recordDecision } from './decisions.js';
import { transportOf } from './transport-of.js';
import type { CredentialSources } from './credentials.js';

const SOURCES: CredentialSources = {
  fromRequest: () => ({ scheme: 'Bearer', token: 'of-request' }),
  acceptsDpop: false,
  tokenFromUrl: false,
  tokenFromPayload: false,
  tokenFromCookie: undefined,
};

function contextOf(type: string, ...args: unknown[]): ExecutionContext {
  const context = new ExecutionContextHost(args);
  context.setType(type);
  return context;
}

function natsHeaders(...lines: readonly [name: string, value: string][]): MsgHdrs {
  const made = headers();
  for (const [name, value] of lines) made.append(name, value);
  return made;
}

function read(context: ExecutionContext): string | undefined {
  const transport = transportOf(context);
  return transport.credentialsOf(context, transport.holderOf(context), SOURCES)?.token;
}

describe('transportOf', () => {
  it.each(['telegraf', 'necord', 'rmq', 'HTTP', 'constructor'])('refuses the unknown type %s', (type) => {
    expect(codeOf(() => transportOf(contextOf(type, { headers: {} })))).toBe('transport_unsupported');
  });

  it.each([
    ['http', undefined],
    ['http', 'text'],
    ['http', { content: 'a message of a library that names no type' }],
    ['http', [{ headers: {} }]],
    ['graphql', {}],
    ['graphql', {}, {}, undefined],
    ['graphql', {}, {}, {}],
    ['graphql', {}, {}, { req: { body: {} } }],
    ['ws', undefined],
    ['ws', 'socket'],
    ['rpc', {}],
    ['rpc', { authorization: 'Bearer x' }, 'text'],
    ['rpc', {}, new BaseRpcContext(['a transport of somebody else'])],
    ['rpc', {}, { headers: { authorization: 'Bearer x' } }],
  ])('refuses %s with %j', (type, ...args) => {
    expect(codeOf(() => read(contextOf(type, ...args)))).toBe('transport_unsupported');
  });

  it('knows resolvers of references, which have no arguments', () => {
    const req = { headers: {}, rawHeaders: [] };
    expect(read(contextOf('graphql', {}, { req }, {}))).toBe('of-request');
  });
});

describe('the headers of a message', () => {
  const bearer = 'Bearer abc';
  const carried: [name: string, context: object][] = [
    [
      'Kafka',
      new KafkaContext([{ headers: { Authorization: Buffer.from(bearer) } }, 0, '', {}, {}, {}] as never),
    ],
    ['RabbitMQ', new RmqContext([{ properties: { headers: { authorization: bearer } } }, {}, ''])],
    ['MQTT 5', new MqttContext(['', { properties: { userProperties: { authorization: bearer } } }])],
    ['TCP', new TcpContext([{}, '', { authorization: bearer }] as never)],
    ['Redis', new RedisContext(['', { authorization: bearer }] as never)],
    ['NATS', new NatsContext(['', natsHeaders(['Authorization', bearer])])],
  ];

  /** Before NestJS 12.0.4 these have none. */
  const isBare = (name: string): boolean => !nestLine.packetMetadata && ['TCP', 'Redis'].includes(name);

  it.each(carried)('are read over %s', (name, context) => {
    const reading = (): unknown => read(contextOf('rpc', {}, context));
    if (isBare(name)) expect(codeOf(reading)).toBe('transport_unsupported');
    else expect(reading()).toBe('abc');
  });

  it.each([
    ['Kafka', new KafkaContext([{}, 0, '', {}, {}, {}] as never)],
    ['RabbitMQ', new RmqContext([{ properties: {} }, {}, ''])],
    ['MQTT 3', new MqttContext(['', {}])],
    ['NATS', new NatsContext(['', undefined])],
    ['TCP', new TcpContext([{}, '', undefined] as never)],
  ])('may be missing over %s', (name, context) => {
    const reading = (): unknown => read(contextOf('rpc', {}, context));
    if (isBare(name)) expect(codeOf(reading)).toBe('transport_unsupported');
    else expect(reading()).toBeUndefined();
  });

  it.each([
    ['of one name', ['Authorization', 'Authorization']],
    ['of two', ['Authorization', 'authorization']],
  ])('may not name two tokens over NATS, %s', (_name, names) => {
    const made = natsHeaders(...names.map((name): [string, string] => [name, bearer]));
    expect(codeOf(() => read(contextOf('rpc', {}, new NatsContext(['', made]))))).toBe(
      'authorization_malformed',
    );
  });

  it('may not name two tokens over Kafka', () => {
    const twice = { authorization: [Buffer.from(bearer), Buffer.from(bearer)] };
    const context = new KafkaContext([{ headers: twice }, 0, '', {}, {}, {}] as never);
    expect(codeOf(() => read(contextOf('rpc', {}, context)))).toBe('authorization_malformed');
  });
});

describe('the holder of a message over WebSockets', () => {
  class First {
    me(): void {}
    bare(): void {}
  }
  class Second extends First {}
  const client = { handshake: {} };
  const holderOf = (type: typeof First, name: keyof First, socket: object = client): object => {
    const context = new ExecutionContextHost([socket, {}], type, Reflect.get(type.prototype, name));
    context.setType('ws');
    return transportOf(context).holderOf(context);
  };

  it('is one for the guard and for the decorators, and no other handler has it', () => {
    const holder = holderOf(First, 'me');
    expect(holderOf(First, 'me')).toBe(holder);
    const others = [holderOf(First, 'bare'), holderOf(Second, 'me'), holderOf(First, 'me', { ...client })];
    for (const other of others) expect(other).not.toBe(holder);
  });

  it('keeps nothing on the socket, and reads like it', () => {
    recordDecision(holderOf(First, 'me'), {
      kind: 'public',
      guard: {},
      handler: First,
      controller: First,
      call: undefined,
      by: {},
      resource: undefined,
      validated: undefined,
      scheme: undefined,
      certificate: undefined,
      user: undefined,
      isOwn: true,
      leavesUser: true,
      earlier: undefined,
    });
    expect(latestDecision(client)).toBeUndefined();
    expect(latestDecision(holderOf(First, 'bare'))).toBeUndefined();
    expect(Reflect.get(holderOf(First, 'me'), 'handshake')).toBe(client.handshake);
  });
});
