import type { RpcException } from '@nestjs/microservices';
import type { WsException } from '@nestjs/websockets';
import { IdentityError } from '../errors/identity-error.js';

// Packages that only applications with their transport have. Inside `try` a bundler (webpack, Rspack, esbuild) leaves out one
// that it does not find; elsewhere it refuses to bundle an application that does without.

/** @throws {IdentityError} `transport_unsupported` if it is not there. */
export async function loadWsException(): Promise<typeof WsException> {
  try {
    return (await import('@nestjs/websockets')).WsException;
  } catch (cause) {
    throw unloadable('@nestjs/websockets', cause);
  }
}

/** @throws {IdentityError} `transport_unsupported` if it is not there. */
export async function loadRpcException(): Promise<typeof RpcException> {
  try {
    return (await import('@nestjs/microservices')).RpcException;
  } catch (cause) {
    throw unloadable('@nestjs/microservices', cause);
  }
}

function unloadable(name: string, cause: unknown): IdentityError {
  return new IdentityError(
    'transport_unsupported',
    `${name}, which has the exceptions of this transport, cannot be loaded. Install it beside the application, or in the ` +
      'bundle',
    { cause },
  );
}
