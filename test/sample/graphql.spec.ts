import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestIssuer, withIssuer } from 'nestjs-identity-model/testing';
import { AppModule } from '../../sample/app.module.js';
import { prepareApp } from '../../sample/prepare-app.js';

interface Answer {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly { readonly message: string; readonly extensions?: object }[];
}

describe('the resolver of the sample', () => {
  const issuer = TestIssuer.inMemory();
  let app: INestApplication;

  beforeAll(async () => {
    const metadata = { imports: [AppModule.forIssuer('https://id.example.com')] };
    const module = await withIssuer(Test.createTestingModule(metadata), issuer).compile();
    app = module.createNestApplication({ logger: false });
    prepareApp(app);
    await app.listen(0, '127.0.0.1');
  });

  afterAll(() => app.close());

  async function query(text: string, authorization?: string): Promise<Answer> {
    const response = await fetch(`${await app.getUrl()}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
      body: JSON.stringify({ query: text }),
    });
    return (await response.json()) as Answer;
  }

  it('lists orders for a good token, and knows who asks', async () => {
    expect(await query('{ me orders { id item } }', issuer.bearer({ sub: 'ada' }))).toEqual({
      data: {
        me: 'ada',
        orders: [
          { id: 1, item: 'espresso machine' },
          { id: 2, item: 'coffee grinder' },
        ],
      },
    });
  });

  it('takes an order from who may write', async () => {
    const { data } = await query(
      'mutation { createOrder(item: "cup") { item } }',
      issuer.bearer({ scope: 'orders:write' }),
    );
    expect(data).toEqual({ createOrder: { item: 'cup' } });
  });

  it('shows the catalogue to everybody', async () => {
    expect((await query('{ catalogue }')).data).toMatchObject({
      catalogue: expect.arrayContaining(['coffee grinder']),
    });
  });

  it.each([
    ['nobody', undefined, 401, 'token_missing'],
    ['an expired token', { wrong: 'expired' }, 401, 'token_expired'],
    ['a token of another issuer', { wrong: 'wrong issuer' }, 401, 'issuer_unknown'],
    ['a token that was changed', { wrong: 'tampered' }, 401, 'signature_invalid'],
    ['a token without the scope', { scope: 'orders:read' }, 403, 'scope_missing'],
  ] as const)('refuses an order from %s, with the code', async (_name, request, status, code) => {
    const before = (await query('{ catalogue }')).data;
    const answer = await query(
      'mutation { createOrder(item: "cup") { item } }',
      request === undefined ? undefined : issuer.bearer(request),
    );
    expect(answer.data ?? null).toBeNull();
    expect(answer.errors?.[0]?.extensions).toMatchObject({ status, code });
    expect((await query('{ catalogue }')).data).toEqual(before);
  });
});
