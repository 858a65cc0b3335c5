import { LRUCache } from 'lru-cache';
import type { Clock } from '../cache/clock.js';
import { HttpClient } from './http-client.js';
import type { HttpSettings } from '../options/http-settings.js';
import type { RequestRecorder } from './request-recorder.js';

/** One client, and so one pool of connections, for each distinct configuration. */
export class HttpClients {
  private readonly clients: LRUCache<HttpSettings, HttpClient>;

  /** @param maxClients - the least recently used one leaves, once its requests have ended. */
  constructor(
    maxClients: number,
    private readonly clock: Clock,
    private readonly recorder?: RequestRecorder,
  ) {
    this.clients = new LRUCache({
      max: maxClients,
      // `retire` lets requests under way end: a tenant that was driven out may be in the middle of a fetch.
      dispose: (client, _settings, reason) => {
        if (reason === 'evict') client.retire();
      },
    });
  }

  /** The client of these settings, which are compared by identity. */
  for(settings: HttpSettings): HttpClient {
    let client = this.clients.get(settings);
    if (client === undefined) {
      client = new HttpClient(settings, this.clock, this.recorder);
      this.clients.set(settings, client);
    }
    return client;
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    const clients = [...this.clients.values()];
    this.clients.clear();
    await Promise.all(clients.map((client) => client.close()));
  }
}
