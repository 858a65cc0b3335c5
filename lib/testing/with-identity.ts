import type { TestingModuleBuilder } from '@nestjs/testing';
import type { AuthAttempt } from '../auth/auth-attempt.js';
import { CredentialsReader } from '../auth/credentials-reader.js';
import { CLOCK, type Clock } from '../cache/clock.js';
import type { Credentials } from '../model/credentials.js';
import { IdentityError } from '../errors/identity-error.js';
import { MODULE_OPTIONS_TOKEN } from '../identity.module-definition.js';
import type { IdentityModuleOptions } from '../options/module-options.js';
import { resolveOptions } from '../options/resolve-options.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/resolved-options.js';
import { noteIdentity } from './builder-uses.js';
import { createOfflineDispatcher } from './in-memory-dispatcher.js';
import { assertInTest, type TestKitConsent } from './test-environment.js';
import { firstAlgorithm, firstAudience, firstTokenType, rewriteIssuers } from './rewrite-options.js';
import { boundCredentials, confirmationFor } from './supplied-credentials.js';
import { createTestKey, type TestKey } from './test-key.js';
import type { TestTokenOptions } from './test-token.js';
import { mint } from './wrong-tokens.js';

/** Who asks: claims of the token that every request without one of its own is given. */
export interface TestIdentity extends Omit<TestTokenOptions, 'header'> {
  /** Which of several configured issuers vouches. @default the first */
  readonly issuer?: string | undefined;
}

/** The same for all requests, or asked for at each one; null for an anonymous caller. */
export type TestIdentitySource = TestIdentity | null | (() => TestIdentity | null);

/**
 * Gives every request an identity, with no provider, no network and no token in the test.
 *
 * It supplies the guard and does not replace it, so it works however the guard was put there. Each request gets a token
 * that is signed with a key of the test's and is validated like any other: audience, scopes, roles, `validate` and
 * `mapUser` are those of the application. A request that brings a token of its own is judged by that one.
 *
 * @param identity - a function may answer differently each time; null is an anonymous caller.
 * @example
 * let who: TestIdentity | null = { sub: 'ada', scope: 'orders:read' };
 * const module = await withIdentity(Test.createTestingModule({ imports: [AppModule] }), () => who).compile();
 * who = null; // the next request is anonymous
 *
 * @throws {IdentityError} `testing_in_production`; `options_invalid`: the builder has an identity or an issuer already.
 */
export function withIdentity(
  builder: TestingModuleBuilder,
  identity: TestIdentitySource,
  consent: TestKitConsent = {},
): TestingModuleBuilder {
  assertInTest('withIdentity', consent);
  noteIdentity(builder);
  const read = typeof identity === 'function' ? identity : () => identity;
  /** Of each module: applications may have several. */
  const signers = new WeakMap<ResolvedOptions, Signer>();
  return builder
    .overrideProvider(RESOLVED_OPTIONS)
    .useFactory({
      inject: [MODULE_OPTIONS_TOKEN],
      factory: (options: IdentityModuleOptions): ResolvedOptions => {
        // What stops the start of the application stops its tests.
        resolveOptions(options);
        const keys = new IdentityKeys(options);
        const resolved = resolveOptions(trusting(keys, options));
        signers.set(resolved, { keys, audience: firstAudience(options.audience) ?? 'test-api' });
        return resolved;
      },
    })
    .overrideProvider(CredentialsReader)
    .useFactory({
      inject: [RESOLVED_OPTIONS, CLOCK],
      factory: (options: ResolvedOptions, clock: Clock) =>
        new SuppliedCredentials(options, () => {
          const who = read();
          const signer = signers.get(options);
          return who === null || signer === undefined ? null : credentialsOf(who, options, clock, signer);
        }),
    });
}

interface Signer {
  readonly keys: IdentityKeys;
  /** Of issuers that are found while tokens come in. */
  readonly audience: string;
}

/** One key for each issuer that is configured, and one for those that are found while tokens come in. */
class IdentityKeys {
  private readonly byIssuer = new Map<string, TestKey>();
  private general: TestKey | undefined;
  private client: TestKey | undefined;

  constructor(private readonly options: IdentityModuleOptions) {}

  /** The key of the client, if tokens must be bound to one. */
  ofClient([algorithm = 'ES256']: readonly string[]): TestKey {
    return (this.client ??= createTestKey(algorithm, 'test-client-key'));
  }

  /** @param algorithms - of an issuer; without any, those of all issuers count. */
  of(issuer: string, algorithms?: readonly string[]): TestKey {
    if (typeof this.options.issuers === 'function') {
      return (this.general ??= createTestKey(firstAlgorithm(this.options) ?? 'ES256', 'test-identity'));
    }
    const [alg = this.options.algorithms?.[0] ?? 'ES256'] = algorithms ?? [];
    const key = this.byIssuer.get(issuer) ?? createTestKey(alg, 'test-identity');
    this.byIssuer.set(issuer, key);
    return key;
  }
}

/** The same options with issuers whose only key is the test's, and no connections. */
function trusting(keys: IdentityKeys, options: IdentityModuleOptions): IdentityModuleOptions {
  const known = rewriteIssuers(options, ({ http, metadataIssuer, discoveryUrl, jwksUri, ...rest }) => ({
    ...rest,
    jwks: { keys: [keys.of(rest.issuer, rest.algorithms).jwk] },
  }));
  return { ...known, http: { dispatcher: createOfflineDispatcher(), retries: 0 } };
}

/** Reads credentials as usual, and supplies some if there are none. */
class SuppliedCredentials extends CredentialsReader {
  private readonly supplied = new WeakMap<object, Credentials | null>();

  constructor(
    options: ResolvedOptions,
    private readonly supply: () => Credentials | null,
  ) {
    super(options);
  }

  override read(attempt: AuthAttempt, request: object): Credentials | null {
    return super.read(attempt, request) ?? this.suppliedFor(attempt);
  }

  override readHandshake(client: object): Credentials | null {
    return super.readHandshake(client) ?? this.supply();
  }

  /** Once for a request, though several guards may ask; a connection goes on, so each of its requests is another. */
  private suppliedFor({ transport, holder }: AuthAttempt): Credentials | null {
    const known = this.supplied.get(holder);
    if (known !== undefined) return known;
    const credentials = this.supply();
    if (!transport.outlivesRequest(holder)) this.supplied.set(holder, credentials);
    return credentials;
  }
}

function credentialsOf(
  identity: TestIdentity,
  options: ResolvedOptions,
  clock: Clock,
  signer: Signer,
): Credentials {
  if (options.senderConstrained !== 'require') {
    return { scheme: 'Bearer', token: mintFor(identity, options, clock, signer) };
  }
  const key = signer.keys.ofClient(options.dpop?.algorithms ?? []);
  const claims = { cnf: confirmationFor(options, key), ...identity.claims };
  const token = mintFor({ ...identity, claims }, options, clock, signer);
  return boundCredentials(token, key, options, clock.wallMs());
}

function mintFor(identity: TestIdentity, options: ResolvedOptions, clock: Clock, signer: Signer): string {
  const issuer = identity.issuer ?? options.issuers[0]?.issuer;
  if (issuer === undefined) {
    throw new IdentityError(
      'options_invalid',
      'withIdentity needs "issuer" where the application finds its issuers by a function',
    );
  }
  const resolved = options.issuers.find((each) => each.issuer === issuer);
  return mint({
    key: signer.keys.of(issuer),
    options: { ...identity, header: { typ: firstTokenType(options.tokenTypes) } },
    frame: {
      issuer,
      audience: resolved?.audience?.[0] ?? signer.audience,
      audienceClaim: resolved?.audienceClaim ?? 'aud',
      nowMs: clock.wallMs(),
    },
  });
}
