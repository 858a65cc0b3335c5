import { writeFileSync } from 'node:fs';
import { ForbiddenException, UnauthorizedException, type ExecutionContext, type Type } from '@nestjs/common';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { IdentityAuthGuard } from 'nestjs-identity-model';
import { TestIssuer } from 'nestjs-identity-model/testing';
import {
  headersIn,
  PAIR_TRANSPORTS,
  type Create,
  type PairUnderTest,
  type Placement,
} from './support/guard-pairs.js';
import { nestLine } from './support/nest-line.js';

/**
 * Two guards on one handler: every combination of how they are related, what they override, where they stand and what
 * carries the request. Each row says which guard was asked about which handler, what came out, and how many tokens
 * were validated for it. `DECISIONS_TABLE=file npx vitest run test/guard.decisions.spec.ts` writes the rows down.
 */
type Relation = 'two classes' | 'two instances of one class' | 'one extends the other';
type Override = 'handleRequest inherited' | 'handleRequest overridden' | 'getRequest overridden';

const RELATIONS: readonly Relation[] = ['two classes', 'two instances of one class', 'one extends the other'];
const PLACEMENTS: readonly Placement[] = ['class + route', 'global + route'];

/** In the order in which they were asked. */
const asked: string[] = [];

/** Demands a role of whoever asks for the secret: which one is a field of each instance. */
class RoleGuard extends IdentityAuthGuard {
  name = 'none';
  role = 'nobody has it';

  override handleRequest<User>(err: unknown, user: User, _info: unknown, context: ExecutionContext): User {
    return this.judge(err, user, context);
  }

  protected judge<User>(err: unknown, user: User, context: ExecutionContext): User {
    const handler = context.getHandler().name;
    asked.push(`${this.name} ${handler}`);
    if (err instanceof Error) throw err;
    if (!user) throw new UnauthorizedException();
    const roles = (user as { readonly roles?: readonly string[] }).roles ?? [];
    if (handler === 'secret' && !roles.includes(this.role)) throw new ForbiddenException();
    return user;
  }
}

class StaffGuard extends RoleGuard {}
class AdminGuard extends RoleGuard {}
class StrictGuard extends StaffGuard {}

class OwnStaffGuard extends RoleGuard {
  override handleRequest<User>(err: unknown, user: User, _info: unknown, context: ExecutionContext): User {
    return this.judge(err, user, context);
  }
}
class OwnAdminGuard extends RoleGuard {
  override handleRequest<User>(err: unknown, user: User, _info: unknown, context: ExecutionContext): User {
    return this.judge(err, user, context);
  }
}
class OwnStrictGuard extends OwnStaffGuard {
  override handleRequest<User>(err: unknown, user: User, _info: unknown, context: ExecutionContext): User {
    return this.judge(err, user, context);
  }
}

/** Blocks a user by returning none, as guards of passport may. */
class BlockingGuard extends IdentityAuthGuard {
  returned: unknown;
  override handleRequest<User>(err: unknown, user: User): User {
    if (err instanceof Error) throw err;
    if (!user) throw new UnauthorizedException();
    return ((user as { readonly sub?: string }).sub === 'blocked' ? this.returned : user) as User;
  }
}

/** Looks at a token of its own, in a header of its own. */
class HeaderGuard extends IdentityAuthGuard {
  name = 'none';
  header = 'authorization';
  /** Calls that were counted: the guard may look at the request of one more than once. */
  private readonly counted = new WeakSet();

  // oxlint-disable-next-line typescript/no-explicit-any -- AuthGuard's own signature
  override getRequest(context: ExecutionContext): any {
    if (!this.counted.has(context)) asked.push(`${this.name} ${context.getHandler().name}`);
    this.counted.add(context);
    if (this.header === 'authorization') return super.getRequest(context) as unknown;
    return { headers: { authorization: headersIn(context)[this.header] } };
  }
}
class UserGuard extends HeaderGuard {}
class ServiceGuard extends HeaderGuard {}
class ServiceUserGuard extends UserGuard {}

/** The classes of each pair, by what they override. */
const CLASSES: Readonly<
  Record<Override, Readonly<Record<Relation, readonly [Type<IdentityAuthGuard>, Type<IdentityAuthGuard>]>>>
> = {
  'handleRequest inherited': {
    'two classes': [StaffGuard, AdminGuard],
    'two instances of one class': [StaffGuard, StaffGuard],
    'one extends the other': [StaffGuard, StrictGuard],
  },
  'handleRequest overridden': {
    'two classes': [OwnStaffGuard, OwnAdminGuard],
    'two instances of one class': [OwnStaffGuard, OwnStaffGuard],
    'one extends the other': [OwnStaffGuard, OwnStrictGuard],
  },
  'getRequest overridden': {
    'two classes': [UserGuard, ServiceGuard],
    'two instances of one class': [HeaderGuard, HeaderGuard],
    'one extends the other': [UserGuard, ServiceUserGuard],
  },
};

const issuer = TestIssuer.inMemory({ audience: 'orders-api' });
const rows: string[] = [];
let pair: PairUnderTest | undefined;

afterEach(async () => {
  await pair?.close();
  pair = undefined;
  asked.length = 0;
});

afterAll(() => {
  const file = process.env['DECISIONS_TABLE'];
  if (file === undefined) return;
  const head =
    '| guards | override | placement | transport | request | asked (guard, handler) | outcome | validations |';
  writeFileSync(file, [head, head.replaceAll(/[^|]+/g, ' --- '), ...rows, ''].join('\n'));
});

const bearerOf = (sub: string, roles: readonly string[] = []): string =>
  issuer.bearer({ sub, claims: { roles } });

/** What each request asks for, and what is to come out of it; `A` and `B` are the guards. */
interface Row {
  readonly request: string;
  readonly fields: readonly string[];
  readonly headers: () => Record<string, string>;
  readonly asked: readonly string[];
  readonly outcome: Readonly<Record<string, string>>;
  readonly validations: number;
}

const ADA = 'claims of ada, user ada';
const staff = (): Record<string, string> => ({ authorization: bearerOf('ada', ['staff']) });
const admin = (): Record<string, string> => ({ authorization: bearerOf('ada', ['staff', 'admin']) });

/** @param denied - how a transport writes 403 of an application's own. */
function roleRows(isGraphql: boolean, denied: string, each: number): readonly Row[] {
  const single: Row[] = [
    {
      request: 'hello, of staff',
      fields: ['hello'],
      headers: staff,
      asked: ['A hello', 'B hello'],
      outcome: { hello: ADA },
      validations: each,
    },
    {
      request: 'secret, of staff',
      fields: ['secret'],
      headers: staff,
      asked: ['A secret', 'B secret'],
      outcome: { secret: denied },
      validations: each,
    },
    {
      request: 'secret, of an admin who is staff',
      fields: ['secret'],
      headers: admin,
      asked: ['A secret', 'B secret'],
      outcome: { secret: ADA },
      validations: each,
    },
  ];
  if (!isGraphql) return single;
  const together = [
    ['hello', 'secret'],
    ['secret', 'hello'],
    ['a: secret', 'b: hello', 'c: secret'],
  ].map((fields): Row => {
    const names = fields.map((field) => field.split(': ').at(-1) ?? '');
    return {
      request: `{ ${fields.join(' ')} }, of staff`,
      fields,
      headers: staff,
      asked: names.flatMap((name) => [`A ${name}`, `B ${name}`]),
      outcome: Object.fromEntries(
        fields.map((field, index) => [field.split(': ')[0] ?? '', names[index] === 'hello' ? ADA : denied]),
      ),
      validations: 1,
    };
  });
  return [...single, ...together];
}

/** A reads the token of the user, B that of a service. */
function tokenRows(isGraphql: boolean, missing: string): readonly Row[] {
  const both = (): Record<string, string> => ({
    authorization: bearerOf('ada'),
    'x-service-token': bearerOf('batch'),
  });
  const rest: Row[] = [
    {
      request: 'hello, with the token of the user alone',
      fields: ['hello'],
      headers: () => ({ authorization: bearerOf('ada') }),
      asked: ['A hello', 'B hello'],
      outcome: { hello: missing },
      validations: 1,
    },
    {
      request: 'hello, with the token of the service alone',
      fields: ['hello'],
      headers: () => ({ 'x-service-token': bearerOf('batch') }),
      asked: ['A hello'],
      outcome: { hello: missing },
      validations: 0,
    },
    {
      request: 'hello, with both tokens',
      fields: ['hello'],
      headers: both,
      asked: ['A hello', 'B hello'],
      outcome: { hello: ADA },
      validations: 2,
    },
  ];
  if (!isGraphql) return rest;
  return [
    ...rest,
    {
      request: '{ a: hello b: secret c: hello }, with both tokens',
      fields: ['a: hello', 'b: secret', 'c: hello'],
      headers: both,
      asked: ['A hello', 'B hello', 'A secret', 'B secret', 'A hello', 'B hello'],
      outcome: { a: ADA, b: ADA, c: ADA },
      validations: 2,
    },
  ];
}

/** Before NestJS 12 nobody asks A, a guard of the application, about messages of gateways: B decides alone. */
function withoutFirst(row: Row, override: Override, missing: string): Row {
  const alone = { ...row, asked: row.fields.map((field) => `B ${field}`) };
  if (override !== 'getRequest overridden') return { ...alone, validations: 1 };
  const isService = 'x-service-token' in row.headers();
  const outcome = isService ? 'claims of batch, user undefined' : missing;
  return { ...alone, outcome: { hello: outcome }, validations: Number(isService) };
}

async function make(
  create: Create,
  [first, second]: readonly [Type<IdentityAuthGuard>, Type<IdentityAuthGuard>],
): Promise<readonly [IdentityAuthGuard, IdentityAuthGuard]> {
  const [a, b] = [await create(first), await create(second)];
  Object.assign(a, { name: 'A', role: 'staff', header: 'authorization' });
  Object.assign(b, { name: 'B', role: 'admin', header: 'x-service-token' });
  return [a, b];
}

describe.each(PAIR_TRANSPORTS)('two guards over $name', ({ name, isGraphql = false, start }) => {
  const isHttp = name.startsWith('HTTP');
  // A socket outlives its messages, so that each guard validates for itself; everywhere else they share.
  const each = name.startsWith('WebSocket') ? 2 : 1;
  const denied = isHttp ? '403' : '403 check_refused';
  const missing = isHttp ? '401' : '401 token_missing';

  describe.each(Object.keys(CLASSES) as Override[])('%s', (override) => {
    describe.each(RELATIONS)('%s', (relation) => {
      it.each(PLACEMENTS)('%s', async (placement) => {
        pair = await start({
          options: issuer.moduleOptions({ warmUp: 'await' }),
          placement,
          make: (create) => make(create, CLASSES[override][relation]),
        });
        const both =
          override === 'getRequest overridden'
            ? tokenRows(isGraphql, missing)
            : roleRows(isGraphql, denied, each);
        const isAlone =
          !nestLine.globalGuardsOnGateways && name.startsWith('WebSocket') && placement === 'global + route';
        const expected = isAlone ? both.map((row) => withoutFirst(row, override, missing)) : both;
        for (const row of expected) {
          asked.length = 0;
          const before = pair.validated();
          const outcome = await pair.ask(row.fields, row.headers());
          const validations = pair.validated() - before;
          rows.push(
            `| ${relation} | ${override} | ${placement} | ${name} | ${row.request} | ${countOf(asked).join(', ')} | ` +
              `${Object.entries(outcome)
                .map(([field, value]) => `${field}: ${value}`)
                .join('; ')} | ${String(validations)} |`,
          );
          // Fields of one operation are asked about at once: their order is of no meaning.
          const inOrder = (who: readonly string[]): readonly string[] => (isGraphql ? who.toSorted() : who);
          expect(
            { request: row.request, asked: inOrder(asked), outcome, validations },
            `${placement}: ${row.request}`,
          ).toEqual({
            request: row.request,
            asked: inOrder(row.asked),
            outcome: row.outcome,
            validations: row.validations,
          });
        }
      });
    });
  });
});

/** A guard that says "no user" about a valid token has denied access, whatever value says so. */
describe.each(PAIR_TRANSPORTS)(
  'a guard whose handleRequest returns no user, over $name',
  ({ name, start }) => {
    const refused = name.startsWith('HTTP') ? '401' : '401 user_refused';

    describe.each(['before a plain guard', 'behind a plain guard', 'before one of its kind'])(
      '%s',
      (order) => {
        it.each<[string, unknown]>([
          ['undefined', undefined],
          ['null', null],
          ['false', false],
          ['0', 0],
          ['an empty string', ''],
          ['a promise of null', Promise.resolve(null)],
        ])('%s', async (_name, returned) => {
          pair = await start({
            options: issuer.moduleOptions({ warmUp: 'await' }),
            placement: 'class + route',
            make: async (create) => {
              const blocking = Object.assign(await create(BlockingGuard), { returned });
              if (order === 'before one of its kind') {
                return [blocking, Object.assign(await create(BlockingGuard), { returned })];
              }
              const plain = await create(IdentityAuthGuard);
              return order === 'before a plain guard' ? [blocking, plain] : [plain, blocking];
            },
          });
          expect(await pair.ask(['hello'], { authorization: bearerOf('blocked') })).toEqual({
            hello: refused,
          });
          expect(await pair.ask(['hello'], { authorization: bearerOf('ada') })).toEqual({ hello: ADA });
        });
      },
    );
  },
);

function countOf(who: readonly string[]): readonly string[] {
  return [...new Set(who)].map((each) => {
    const times = who.filter((other) => other === each).length;
    return times === 1 ? each : `${each} ×${String(times)}`;
  });
}
