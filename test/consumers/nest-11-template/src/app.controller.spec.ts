import { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { withIdentity } from 'nestjs-identity-model/testing';
import request from 'supertest';
import { App } from 'supertest/types';
import { AppModule } from './app.module';

describe('AppController', () => {
  let app: INestApplication<App>;
  let scope = 'orders:read';

  beforeAll(async () => {
    const builder = Test.createTestingModule({ imports: [AppModule] });
    const module = await withIdentity(builder, () => ({ sub: 'ada', scope })).compile();
    app = module.createNestApplication();
    await app.init();
  });
  afterAll(() => app.close());

  it('asks for the scope', async () => {
    await request(app.getHttpServer()).get('/').expect(200, 'Hello World! ada');
    scope = 'other';
    await request(app.getHttpServer()).get('/').expect(403);
  });
});
