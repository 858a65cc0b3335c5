import { Inject, Injectable } from '@nestjs/common';
import { Authorizer } from '../auth/authorizer.js';
import { CredentialsReader } from '../auth/credentials-reader.js';
import { IdentityError } from '../errors/identity-error.js';
import type { ValidatedToken } from '../model/token.js';
import { ConnectionExpiry } from '../transports/connection-expiry.js';
import { connectionTo } from '../transports/ws.transport.js';
import { TokenValidationService } from '../validation/token-validation.service.js';

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
   * The token of the handshake; undefined if there is none.
   *
   * @param resource - what it must be for; undefined for the first resource that is configured.
   * @throws {IdentityError} `audience_mismatch`; as `validate` of TokenValidationService, and what reading the handshake throws.
   */
  async authenticate(client: object, resource?: string): Promise<ValidatedToken | undefined> {
    const credentials = this.reader.readHandshake(client);
    if (credentials === null || !this.reader.knows(credentials)) return undefined;
    const validated = await this.validation.validate(credentials);
    const mismatch = this.authorizer.mismatchOf(validated, resource);
    if (mismatch !== undefined) throw mismatch;
    return validated;
  }

  /** Closes the socket when its token expires, unless the option `transports.closeExpired` is off. */
  watch(client: object, validated: ValidatedToken): void {
    const connection = connectionTo(client);
    if (connection !== undefined) this.expiry.watch(connection, validated.claims.exp, true);
  }
}
