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

export async function simulate(
  options: IdentityModuleOptions,
  clock = new FakeClock(Date.now()),
): Promise<Simulation> {
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

/** Lets simulated time pass for as long as somebody waits for it: until a timeout, a retry, or the end. */
export async function elapse<T>({ clock }: Pick<Simulation, 'clock'>, pending: Promise<T>): Promise<T> {
  let isOver = false;
  const over = (): void => void (isOver = true);
  const settled = pending.then(over, over);
  for (;;) {
    // Providers have a moment of real time for each step.
    await Promise.race([settled, idle(5)]);
    if (isOver) return pending;
    await step(clock);
  }
}

const stepping = new WeakMap<FakeClock, Promise<void>>();

/** One for all who wait at the same time. */
function step(clock: FakeClock): Promise<void> {
  let running = stepping.get(clock);
  if (running === undefined) {
    running = clock.advance(50).finally(() => stepping.delete(clock));
    stepping.set(clock, running);
  }
  return running;
}

/** Real time that passes. For answers see {@link quietNetwork}. */
export async function idle(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** A token that outlives every simulation. */
export function lastingToken(provider: ProviderDouble, header: Record<string, unknown> = {}): string {
  return provider.token({ exp: Math.floor(Date.now() / 1000) + 30 * 24 * 3600 }, header);
}
