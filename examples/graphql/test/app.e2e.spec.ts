import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { TestIssuer, withIssuer } from 'nestjs-identity-model/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AppModule } from '../src/app.module.js';

const issuer = TestIssuer.inMemory();
let app: INestApplication;

beforeAll(async () => {
  process.env['OIDC_ISSUER'] = 'https://id.example.com';
  process.env['OIDC_AUDIENCE'] = 'books-api';
  const builder = Test.createTestingModule({ imports: [AppModule] });
  app = (await withIssuer(builder, issuer).compile()).createNestApplication();
  await app.listen(0, '127.0.0.1');
});
afterAll(() => app.close());

interface Answer {
  readonly data: Record<string, unknown> | null;
  readonly errors?: { readonly path: unknown[]; readonly extensions: { code: string; status: number } }[];
}

async function ask(query: string, authorization = ''): Promise<Answer> {
  const response = await fetch(`${await app.getUrl()}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
    body: JSON.stringify({ query }),
  });
  return (await response.json()) as Answer;
}

it('shows the catalogue to everybody, and the stock to those with its scope', async () => {
  const query = '{ catalogue { title inStock } }';
  const anonymous = await ask(query);
  expect(anonymous.data).toEqual({ catalogue: [{ title: 'The Analytical Engine', inStock: null }] });
  expect(anonymous.errors?.[0]).toMatchObject({
    path: ['catalogue', 0, 'inStock'],
    extensions: { code: 'token_missing', status: 401 },
  });

  const clerk = await ask(query, issuer.bearer({ scope: 'stock:read' }));
  expect(clerk).toEqual({ data: { catalogue: [{ title: 'The Analytical Engine', inStock: 10 }] } });
});

it('knows who asks', async () => {
  expect(await ask('{ whoami }', issuer.bearer({ sub: 'ada' }))).toEqual({ data: { whoami: 'ada' } });
  const expired = await ask('{ whoami }', issuer.bearer({ wrong: 'expired' }));
  expect(expired.errors?.[0]?.extensions).toMatchObject({ code: 'token_expired', status: 401 });
});

it('adds books for those who may', async () => {
  const mutation = 'mutation { addBook(title: "Notes") { title } }';
  const denied = await ask(mutation, issuer.bearer({ scope: 'books:read' }));
  expect(denied.errors?.[0]?.extensions).toMatchObject({ code: 'scope_missing', status: 403 });
  const added = await ask(mutation, issuer.bearer({ scope: 'books:write' }));
  expect(added).toEqual({ data: { addBook: { title: 'Notes' } } });
});
