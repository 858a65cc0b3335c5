import { Inject, Injectable } from '@nestjs/common';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/resolved-options.js';
import { bearer, type Credentials, type CredentialSources } from '../transports/credentials.js';
import { readHandshake } from '../transports/ws.transport.js';
import { isOwnRequest, type AuthAttempt } from './auth-attempt.js';
import { tokenReader } from './token-reader.js';

/** Reads the credentials of requests and handshakes. The test kit replaces this provider to supply tokens of its own. */
@Injectable()
export class CredentialsReader {
  private readonly sources: CredentialSources;

  constructor(@Inject(RESOLVED_OPTIONS) { jwtFromRequest, transports }: ResolvedOptions) {
    this.sources = { ...transports, fromRequest: tokenReader(jwtFromRequest) };
  }

  /**
   * The credentials that came with what a guard looks at; null if none did.
   *
   * @param request - what `getRequest` of the guard returns: an override may have put another one in the place of ours.
   * @throws {IdentityError} `authorization_malformed`, `token_malformed`, `check_failed`, `transport_unsupported`.
   */
  read(attempt: AuthAttempt, request: object): Credentials | null {
    if (!isOwnRequest(attempt, request)) return bearer(this.sources.fromRequest(request));
    return attempt.transport.credentialsOf(attempt.context, attempt.holder, this.sources);
  }

  /**
   * The credentials that a WebSocket was opened with; null if there are none.
   *
   * @throws {IdentityError} as {@link CredentialsReader.read}.
   */
  readHandshake(client: object): Credentials | null {
    return bearer(readHandshake(client, this.sources));
  }
}
