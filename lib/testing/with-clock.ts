import type { TestingModuleBuilder } from '@nestjs/testing';
import { CLOCK } from '../cache/clock.js';
import { noteClock } from './builder-uses.js';
import type { TestClock } from './test-clock.js';

/**
 * Lets the module live in the time of the test: tokens expire and caches refresh when the clock is advanced.
 *
 * @example
 * const clock = new TestClock();
 * const issuer = TestIssuer.inMemory({ clock });
 * const module = await withClock(withIssuer(Test.createTestingModule({ imports: [AppModule] }), issuer), clock).compile();
 * await clock.advance(3_600_000); // tokens that were made before have expired
 *
 * @throws {IdentityError} `options_invalid`: the builder has another clock.
 */
export function withClock(builder: TestingModuleBuilder, clock: TestClock): TestingModuleBuilder {
  noteClock(builder, clock);
  return builder.overrideProvider(CLOCK).useValue(clock);
}
