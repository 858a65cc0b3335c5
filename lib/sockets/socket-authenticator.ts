import { Inject, Injectable } from '@nestjs/common';
import { CredentialsReader } from '../auth/credentials-reader.js';
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
  ) {}

  /**
   * The token of the handshake; undefined if there is none.
   *
   * @throws {IdentityError} as `validate` of TokenValidationService, and what reading the handshake throws.
   */
  async authenticate(client: object): Promise<ValidatedToken | undefined> {
    const credentials = this.reader.readHandshake(client);
    return credentials?.scheme === 'Bearer' ? this.validation.validate(credentials.token) : undefined;
  }

  /** Closes the socket when its token expires, unless the option `transports.closeExpired` is off. */
  watch(client: object, validated: ValidatedToken): void {
    const connection = connectionTo(client);
    if (connection !== undefined) this.expiry.watch(connection, validated.claims.exp, true);
  }
}
