import { MockAgent, type Dispatcher } from 'undici';
import type { ProviderAnswer } from './provider-answer.js';

/**
 * A dispatcher that answers by itself and opens no socket: undici's own MockAgent.
 *
 * @param answer - what to say to a request for a URL; undefined where nobody is.
 */
export function createInMemoryDispatcher(answer: (url: URL) => ProviderAnswer | undefined): Dispatcher {
  const agent = new MockAgent({ enableCallHistory: false });
  agent.disableNetConnect();
  agent
    .get(() => true)
    .intercept({ path: () => true, method: 'GET' })
    .reply((options) => reply(answer(new URL(options.path, options.origin))))
    .persist();
  return agent;
}

/** Nobody is there, whatever is asked. */
export function createOfflineDispatcher(): Dispatcher {
  return createInMemoryDispatcher(() => undefined);
}

interface Reply {
  readonly statusCode: number;
  readonly data: string | Promise<string>;
  readonly responseOptions: { readonly headers: Record<string, string> };
}

function reply(said: ProviderAnswer | undefined): Reply {
  if (said === undefined || said.kind === 'down') throw refusedConnection();
  if (said.kind === 'stall') {
    return { statusCode: 200, data: new Promise<string>(() => undefined), responseOptions: { headers: {} } };
  }
  return {
    statusCode: said.status,
    data: said.delayMs === 0 ? said.body : later(said.body, said.delayMs),
    responseOptions: { headers: { ...said.headers } },
  };
}

function later(body: string, delayMs: number): Promise<string> {
  return new Promise((resolve) => setTimeout(() => resolve(body), delayMs));
}

function refusedConnection(): Error {
  return Object.assign(new Error('connect ECONNREFUSED: the issuer in memory is not there'), {
    code: 'ECONNREFUSED',
  });
}
