import { Inject, Injectable } from '@nestjs/common';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/resolved-options.js';
import type { Credentials } from '../model/credentials.js';
import type { CredentialSources } from '../transports/credentials.js';
import {
  certificateReader,
  certificateReaderOfHandshakes,
  withCertificate,
} from '../transports/client-certificate.js';
import type { UpgradeRequest } from '../transports/handshake.js';
import { readHandshake } from '../transports/ws.transport.js';
import { isOwnRequest, type AuthAttempt } from './auth-attempt.js';
import { requestReader } from './token-reader.js';

/** Reads the credentials of requests and handshakes. The test kit replaces this provider to supply tokens of its own. */
@Injectable()
export class CredentialsReader {
  private readonly sources: CredentialSources;

  constructor(@Inject(RESOLVED_OPTIONS) options: ResolvedOptions) {
    const { jwtFromRequest, transports, senderConstrained, dpop, mtls } = options;
    const acceptsDpop = senderConstrained !== 'reject' && dpop !== undefined;
    const readCertificate =
      senderConstrained === 'reject' || mtls === undefined ? undefined : certificateReader(mtls);
    const fromRequest = requestReader(jwtFromRequest, acceptsDpop);
    this.sources = {
      ...transports,
      acceptsDpop,
      fromRequest: (request) => withCertificate(fromRequest(request), request, readCertificate),
      certificateOfHandshake: readCertificate && certificateReaderOfHandshakes(readCertificate),
    };
  }

  /**
   * The credentials that came with what a guard looks at; null if none did.
   *
   * @param request - what `getRequest` of the guard returns: an override may have put another one in the place of ours.
   * @throws {IdentityError} `authorization_malformed`, `token_malformed`, `check_failed`, `transport_unsupported`.
   */
  read(attempt: AuthAttempt, request: object): Credentials | null {
    if (!isOwnRequest(attempt, request)) {
      const credentials = this.sources.fromRequest(request);
      // Nobody knows whether that object stands for one request only: a proof that comes with it again was used before.
      return credentials?.carrier === undefined ? credentials : { ...credentials, carrier: undefined };
    }
    return attempt.transport.credentialsOf(attempt.context, attempt.holder, this.sources);
  }

  /** Whether tokens may come under the scheme of some credentials: DPoP (RFC 9449 section 7.1) only if the options accept it. */
  knows({ scheme }: Credentials): boolean {
    return scheme === 'Bearer' || this.sources.acceptsDpop;
  }

  /** Reads the certificate of a request that opens a connection, for {@link readHandshake}, which may come when that request is gone. */
  rememberCertificate(request: UpgradeRequest): void {
    this.sources.certificateOfHandshake?.(request);
  }

  /**
   * The credentials that a WebSocket was opened with; null if there are none.
   *
   * @throws {IdentityError} as {@link CredentialsReader.read}.
   */
  readHandshake(client: object): Credentials | null {
    return readHandshake(client, this.sources);
  }
}
