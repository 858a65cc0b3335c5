import { Inject, Injectable } from '@nestjs/common';
import { IdentityError, refuse } from '../errors/identity-error.js';
import type { ValidatedToken } from '../model/token.js';
import type { Credentials } from '../model/credentials.js';
import { decisionInCall, type Decision } from '../transports/decisions.js';
import { TokenValidationService } from '../validation/token-validation.service.js';
import type { AuthAttempt } from './auth-attempt.js';
import { denied, type AuthOutcome, type Denial } from './auth-outcome.js';
import { Authorizer } from './authorizer.js';
import { CredentialsReader } from './credentials-reader.js';
import { SingleFlight, type Flight } from './single-flight.js';
import { UserMapper } from './user-mapper.js';
import { VerificationTurns } from './verification-turns.js';

/**
 * Credentials in, value out: reads the token, validates it, holds it against the requirements of the route and maps the
 * user. The validation of a token may serve several calls; requirements and user belong to each call.
 */
@Injectable()
export class RequestAuthenticator {
  private readonly turns = new VerificationTurns();
  private readonly singleFlight = new SingleFlight();

  constructor(
    @Inject(CredentialsReader) private readonly reader: CredentialsReader,
    @Inject(TokenValidationService) private readonly validation: TokenValidationService,
    @Inject(Authorizer) private readonly authorizer: Authorizer,
    @Inject(UserMapper) private readonly users: UserMapper,
  ) {}

  /**
   * @param request - what the guard takes for the request: an override of `getRequest` may have put another in its place.
   * @returns the user, or why there is none; a promise that never rejects.
   */
  async authenticate(attempt: AuthAttempt, request: object): Promise<AuthOutcome> {
    let validated: ValidatedToken | undefined;
    let scheme: Credentials['scheme'] | undefined;
    try {
      const credentials =
        attempt.credentials === undefined ? this.reader.read(attempt, request) : attempt.credentials;
      // A token under a scheme that proves possession is no bearer token, even if somebody else has read it so.
      if (credentials === null || !this.reader.knows(credentials)) return denied(refuse('token_missing'));
      ({ scheme } = credentials);
      const known = this.decisionOf(attempt, credentials);
      const flight = this.flightOf(attempt, credentials);
      validated = known?.validated;
      if (validated === undefined && flight !== undefined) validated = await flight.validated;
      if (validated === undefined) {
        // As in validate(), whose promise would cost each request a microsecond.
        for (let turn = this.turns.next(); turn !== undefined; turn = this.turns.again()) await turn;
        validated = await this.validateNow(attempt, credentials);
      }
      const denial = this.authorizer.authorize(validated, attempt);
      if (denial !== undefined) return { ...denial, scheme };
      const resource = this.authorizer.resourceOf(attempt.plan);
      if (this.users.mapsNothing) {
        return { kind: 'authenticated', validated, resource, user: validated.claims, credentials };
      }
      const user = known === undefined ? await this.userOf(attempt, validated, flight) : known.user;
      return { kind: 'authenticated', validated, resource, user, credentials };
    } catch (error) {
      return denied(error, { validated, scheme });
    }
  }

  /** The credentials of a call; null if none came. @throws {IdentityError} as {@link CredentialsReader.read}. */
  read(attempt: AuthAttempt, request: object): Credentials | null {
    return this.reader.read(attempt, request);
  }

  /** What a guard decided earlier about this very call and these very credentials, by this authenticator. */
  decisionOf(
    { holder, context }: AuthAttempt,
    { scheme, token, certificate }: Credentials,
  ): Decision | undefined {
    return decisionInCall(holder, { call: context, by: this, scheme, token, certificate });
  }

  /** What a route demands of a token that is validated already. */
  authorize(attempt: AuthAttempt, validated: ValidatedToken): Denial | undefined {
    return this.authorizer.authorize(validated, attempt);
  }

  /** What enforcing the reported requirements of a route would say of a call that was let in without a token. */
  reportWithoutToken(attempt: AuthAttempt): void {
    this.authorizer.reportWithoutToken(attempt);
  }

  /** The fields of one GraphQL operation ask all at once. */
  private flightOf(attempt: AuthAttempt, credentials: Credentials): Flight | undefined {
    const { transport, holder } = attempt;
    if (transport.handlersPerRequest !== 'concurrent') return undefined;
    return this.singleFlight.join(holder, credentials, transport.outlivesRequest(holder), () =>
      this.validate(attempt, credentials),
    );
  }

  private async validate(attempt: AuthAttempt, credentials: Credentials): Promise<ValidatedToken> {
    for (let turn = this.turns.next(); turn !== undefined; turn = this.turns.again()) await turn;
    return this.validateNow(attempt, credentials);
  }

  /** @throws {IdentityError} `aborted`, if the caller has left before the turn of the request came. */
  private validateNow({ holder }: AuthAttempt, credentials: Credentials): Promise<ValidatedToken> {
    if (isGone(holder)) throw new IdentityError('aborted', 'The request has gone before its turn came.');
    return this.validation.validateCredentials(credentials);
  }

  /** `mapUser` may decide by the field and its arguments: unless it says that it does not, it is asked about each of them. */
  private userOf(
    { context, plan }: AuthAttempt,
    validated: ValidatedToken,
    flight: Flight | undefined,
  ): Promise<unknown> {
    const map = (): Promise<unknown> => this.users.userOf(validated, context, plan.resource);
    return flight !== undefined && this.users.isShared ? flight.userOnce(map) : map();
  }
}

/** Whether the connection of a request is closed: Express's request has it, as Fastify's has. */
function isGone(request: object): boolean {
  const { socket } = request as { readonly socket?: { readonly destroyed?: boolean } };
  return socket?.destroyed === true;
}
