import type { IdentityModuleOptions } from 'nestjs-identity-model';

/** What every transport offers: a guarded call, one that demands a scope, an open one, and one for both. */
export type Operation = 'me' | 'create' | 'open' | 'greet';

/** What a client sees: a value, or a refusal. Over HTTP there is no code. */
export type Outcome =
  { readonly value: string } | { readonly status: number; readonly code?: string | undefined };

/** An application on loopback and a real client of its transport. */
export interface Target {
  call(operation: Operation, token?: string): Promise<Outcome>;
  close(): Promise<void>;
}

export interface TransportUnderTest {
  readonly name: string;
  /** Whether refusals carry the stable code. */
  readonly hasCodes: boolean;
  readonly start: (options: IdentityModuleOptions) => Promise<Target>;
}

interface ErrorBody {
  readonly statusCode?: unknown;
  readonly status?: unknown;
  readonly code?: unknown;
}

/** A refusal as it is written into the errors of GraphQL, WebSockets and microservices. */
export function toOutcome(body: unknown): Outcome {
  const { statusCode, status, code } = (body ?? {}) as ErrorBody;
  const found = typeof statusCode === 'number' ? statusCode : status;
  if (typeof found !== 'number' || typeof code !== 'string') {
    throw new Error(`not an answer of ours: ${JSON.stringify(body)}`);
  }
  return { status: found, code };
}

export function bearer(token: string | undefined): Record<string, string> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}
