import type { TestingModuleBuilder } from '@nestjs/testing';
import { CLOCK } from '../cache/clock.js';
import type { TestClock } from './test-clock.js';

/** Lets the module live in the time of the test: tokens expire and caches refresh when the clock is advanced. */
export function withClock(builder: TestingModuleBuilder, clock: TestClock): TestingModuleBuilder {
  return builder.overrideProvider(CLOCK).useValue(clock);
}
