import { Controller, UseGuards } from '@nestjs/common';
import {
  MessagePattern,
  Server,
  type CustomTransportStrategy,
  type MicroserviceOptions,
} from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { firstValueFrom, isObservable } from 'rxjs';
import { expect, it } from 'vitest';
import { Claims, IdentityAuthGuard, IdentityModule } from 'nestjs-identity-model';
import { TestIssuer } from 'nestjs-identity-model/testing';
import { rejectionOf } from './support/create-module.js';

/** A transport of the application's own, without a wire. */
class OwnTransport extends Server implements CustomTransportStrategy {
  listen(callback: () => void): void {
    callback();
  }
  close(): void {
    this.messageHandlers.clear();
  }
  on(): this {
    return this;
  }
  unwrap<T>(): T {
    return this as unknown as T;
  }
  async fire(context: object): Promise<unknown> {
    const handler = this.getHandlerByPattern('me');
    const answer: unknown = await handler?.({}, context);
    return isObservable(answer) ? firstValueFrom(answer) : answer;
  }
}

@UseGuards(IdentityAuthGuard)
@Controller()
class Messages {
  @MessagePattern('me') me(@Claims('sub') sub: string): string {
    return sub;
  }
}

it('judges each message, though a strategy hands out one context object for several', async () => {
  const issuer = TestIssuer.inMemory({ audience: 'orders-api' });
  const strategy = new OwnTransport();
  const module = await Test.createTestingModule({
    imports: [IdentityModule.forRoot(issuer.moduleOptions())],
    controllers: [Messages],
  }).compile();
  const service = module.createNestMicroservice<MicroserviceOptions>({ strategy, logger: false });
  await service.listen();
  let authorization: string | undefined = issuer.bearer({ sub: 'ada' });
  const shared = { getHeaders: () => ({ authorization }) };
  expect(await strategy.fire(shared)).toBe('ada');
  authorization = issuer.bearer({ sub: 'eve' });
  expect(await strategy.fire(shared)).toBe('eve');
  for (const [wrong, code] of [
    [undefined, 'token_missing'],
    [issuer.bearer({ wrong: 'expired' }), 'token_expired'],
  ] as const) {
    authorization = wrong;
    expect(await rejectionOf(strategy.fire(shared))).toMatchObject({ code });
  }
  await service.close();
});
