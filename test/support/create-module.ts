import { Test, type TestingModule } from '@nestjs/testing';
import { IdentityModule, type IdentityModuleOptions } from 'nestjs-identity-model';

/** The module alone, started as an application starts it, without a server. */
export async function createModule(options: IdentityModuleOptions): Promise<TestingModule> {
  const module = await Test.createTestingModule({ imports: [IdentityModule.forRoot(options)] }).compile();
  module.useLogger(false);
  await module.init();
  return module;
}

/** The code that a promise is rejected with; undefined where it is fulfilled. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
  );
}
