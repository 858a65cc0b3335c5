import { Inject, Injectable } from '@nestjs/common';
import { Authorizer } from '../auth/authorizer.js';
import { CredentialsReader } from '../auth/credentials-reader.js';
import { IdentityError, refuse } from '../errors/identity-error.js';
import type { Credentials } from '../model/credentials.js';
import type { ValidatedToken } from '../model/token.js';
import { ConnectionExpiry } from '../transports/connection-expiry.js';
import type { UpgradeRequest } from '../transports/handshake.js';
import { connectionTo } from '../transports/ws.transport.js';
import { TokenValidationService } from '../validation/token-validation.service.js';

/** What is asked of a WebSocket that connects. */
interface SocketDemands {
  /** What the token must be for. @default the first resource that is configured */
  readonly resource?: string | undefined;
  /** Whether a token may be missing. @default false */
  readonly anonymous?: boolean | undefined;
}

/** Checks the token that a WebSocket is opened with, outside of any guard. */
@Injectable()
export class SocketAuthenticator {
  constructor(
    @Inject(CredentialsReader) private readonly reader: CredentialsReader,
    @Inject(TokenValidationService) private readonly validation: TokenValidationService,
    @Inject(ConnectionExpiry) private readonly expiry: ConnectionExpiry,
    @Inject(Authorizer) private readonly authorizer: Authorizer,
  ) {}

  /** @throws {IdentityError} `options_invalid`, if a resource is not configured. */
  assertResource(resource: string | undefined): void {
    if (resource === undefined || this.authorizer.knowsResource(resource)) return;
    throw new IdentityError(
      'options_invalid',
      `guardSockets names a resource that is not configured: ${resource}`,
    );
  }

  /**
   * The token of the handshake; undefined if there is none and none is needed. A denial is told and counted as that of a route.
   *
   * @throws {IdentityError} `token_missing`, `audience_mismatch`; as `validate` of TokenValidationService, and what reading the
   *   handshake throws.
   */
  async authenticate(
    client: object,
    { resource, anonymous = false }: SocketDemands,
  ): Promise<ValidatedToken | undefined> {
    const credentials = this.readCredentials(client);
    if (credentials === undefined) {
      if (anonymous) return undefined;
      this.authorizer.countDenial(undefined, 'token_missing');
      throw refuse('token_missing');
    }
    const validated = await this.validation.validateCredentials(credentials);
    const mismatch = this.authorizer.denyMismatch(validated, resource);
    if (mismatch !== undefined) throw mismatch;
    return validated;
  }

  /** Reads the certificate of the request that opens a session, while its connection is there. */
  rememberCertificate(request: UpgradeRequest): void {
    this.reader.rememberCertificate(request);
  }

  private readCredentials(client: object): Credentials | undefined {
    try {
      const credentials = this.reader.readHandshake(client);
      return credentials !== null && this.reader.knows(credentials) ? credentials : undefined;
    } catch (error) {
      if (error instanceof IdentityError) this.authorizer.countDenial(undefined, error.code);
      throw error;
    }
  }

  /** Closes the socket when its token expires, unless the option `transports.closeExpired` is off. */
  watch(client: object, validated: ValidatedToken): void {
    const connection = connectionTo(client);
    if (connection !== undefined) this.expiry.watch(connection, validated.claims.exp, true);
  }
}
