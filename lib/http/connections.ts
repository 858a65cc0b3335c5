import type { LookupFunction } from 'node:net';
import type { Dispatcher } from 'undici';
import type { HttpSettings } from '../options/http-settings.js';
import type { HttpDispatcher } from '../options/options.types.js';
import { lazyPackage } from './lazy-package.js';

/** undici is a third of what this package would otherwise load at its import, and only requests to a provider need it. */
const loadUndici = lazyPackage('undici', async () => import('./dispatcher.js'));

/** Loads what requests need, ahead of the first one. What fails is said by that request. */
export function prepareConnections(): void {
  loadUndici().catch(() => undefined);
}

/** The connections of one client: the application's dispatcher, or pools of our own, made at the first request. */
export class Connections {
  private own: Promise<Dispatcher> | undefined;
  private ended = false;

  /** @param lookup - resolves names, as that of `node:dns` does. */
  constructor(
    private readonly settings: HttpSettings,
    private readonly lookup?: LookupFunction,
  ) {}

  /** @throws {IdentityError} `provider_unreachable` if undici cannot be loaded. */
  async open(): Promise<HttpDispatcher> {
    if (this.settings.dispatcher !== undefined) return this.settings.dispatcher;
    // Pools that are made after the end would never be closed, and would hold the process.
    if (this.ended) throw new Error('the connections to providers are closed');
    this.own ??= this.createOwn();
    return this.own;
  }

  /** Ends them; requests in flight fail. A dispatcher of the application is left alone. */
  async destroy(): Promise<void> {
    await this.end((dispatcher) => dispatcher.destroy());
  }

  /** Ends them once the requests in flight have ended. A dispatcher of the application is left alone. */
  async close(): Promise<void> {
    await this.end((dispatcher) => dispatcher.close());
  }

  private async createOwn(): Promise<Dispatcher> {
    try {
      const { createDispatcher } = await loadUndici();
      return createDispatcher(this.settings, this.lookup);
    } catch (error) {
      this.own = undefined;
      throw error;
    }
  }

  /** Those that are still being made end as soon as they are there. */
  private async end(end: (dispatcher: Dispatcher) => Promise<void>): Promise<void> {
    this.ended = true;
    const dispatcher = await this.own?.catch(() => undefined);
    if (dispatcher !== undefined) await end(dispatcher);
  }
}
