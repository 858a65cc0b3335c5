import { HttpClient } from './http-client.js';
import type { HttpSettings } from './http-settings.js';

/** One client, and so one pool of connections, for each distinct configuration. */
export class HttpClients {
  private readonly clients = new Map<HttpSettings, HttpClient>();

  /** The client of these settings, which are compared by identity. */
  for(settings: HttpSettings): HttpClient {
    let client = this.clients.get(settings);
    if (client === undefined) {
      client = new HttpClient(settings);
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
