import { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { TestIssuer, withIssuer } from 'nestjs-identity-model/testing';
import request from 'supertest';
import { App } from 'supertest/types';
import { AppModule } from './../src/app.module';

describe('AppController (e2e)', () => {
  const issuer = TestIssuer.inMemory();
  let app: INestApplication<App>;

  beforeEach(async () => {
    const builder = Test.createTestingModule({ imports: [AppModule] });
    app = (await withIssuer(builder, issuer).compile()).createNestApplication();
    await app.init();
  });
  afterEach(() => app.close());

  it('/ (GET) answers 401, 403, 200', async () => {
    const get = () => request(app.getHttpServer()).get('/');
    await get().expect(401, { message: 'Unauthorized', statusCode: 401 });
    await get().set('Authorization', issuer.bearer()).expect(403);
    await get()
      .set('Authorization', issuer.bearer({ sub: 'ada', scope: 'orders:read' }))
      .expect(200, 'Hello World! ada');
  });
});
