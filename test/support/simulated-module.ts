import { Test, type TestingModule } from '@nestjs/testing';
import {
  IdentityEvents,
  IdentityModule,
  type IdentityEvent,
  type IdentityModuleOptions,
} from 'nestjs-identity-model';
import { CLOCK } from '../../lib/cache/clock.js';
import { FakeClock } from './fake-clock.js';
import type { ProviderDouble } from './provider-double.js';
import { quietNetwork } from './quiet-network.js';

/** The module over simulated time and a real provider on loopback. */
export interface Simulation {
  readonly module: TestingModule;
  readonly clock: FakeClock;
  readonly events: IdentityEvent[];
  /** Lets simulated time pass in steps, with the answers of the provider in between. */
  pass(ms: number, stepMs?: number): Promise<void>;
}

export async function simulate(options: IdentityModuleOptions): Promise<Simulation> {
  const clock = new FakeClock(Date.now());
  const module = await Test.createTestingModule({ imports: [IdentityModule.forRoot(options)] })
    .overrideProvider(CLOCK)
    .useValue(clock)
    .compile();
  module.useLogger(false);
  const events: IdentityEvent[] = [];
  module.get(IdentityEvents).events$.subscribe((event) => events.push(event));
  await module.init();
  const pass = async (ms: number, stepMs = ms): Promise<void> => {
    for (let left = ms; left > 0; left -= stepMs) {
      await clock.advance(Math.min(stepMs, left));
      await quietNetwork();
    }
  };
  return { module, clock, events, pass };
}

/** Real time that passes. For answers see {@link quietNetwork}. */
export async function idle(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** A token that outlives every simulation. */
export function lastingToken(provider: ProviderDouble, header: Record<string, unknown> = {}): string {
  return provider.token({ exp: Math.floor(Date.now() / 1000) + 30 * 24 * 3600 }, header);
}
