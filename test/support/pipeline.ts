import { createPublicKey } from 'node:crypto';
import { IdentityError } from '../../lib/errors/identity-error.js';
import { findAlgorithm } from '../../lib/model/algorithms.js';
import type { IdentityModuleOptions } from '../../lib/options/module-options.js';
import { resolveOptions } from '../../lib/options/resolve-options.js';
import { HeaderCache } from '../../lib/tokens/header-cache.js';
import { prepareKey, type PreparedKey } from '../../lib/tokens/verify-signature.js';
import type {
  CallSettings,
  IssuerFinder,
  KeyFinder,
  KeyWait,
  KnownIssuer,
  RunContext,
} from '../../lib/validation/run-context.js';
import { stepsFor } from '../../lib/validation/steps.js';
import { TokenCache } from '../../lib/validation/token-cache.js';
import { configuredRules } from '../../lib/validation/validation-rules.js';
import { ValidationRun } from '../../lib/validation/validation-run.js';
import type { Wait } from '../../lib/validation/waits.js';
import { FakeClock } from './fake-clock.js';
import { signToken, type SigningKey } from './signing-key.js';

export const ISSUER = 'https://id.example.com';

/** The public half of a key, made ready. */
export function prepared(key: SigningKey): PreparedKey {
  const algorithm = findAlgorithm(key.alg);
  if (algorithm === undefined) throw new Error(`no algorithm ${key.alg}`);
  return prepareKey(createPublicKey(key.privateKey), algorithm);
}

/** What the pipeline asks about keys, answered by a test: what is here, what a fetch would bring, and how it was asked. */
export class KeysOfTest implements KeyFinder {
  here: readonly PreparedKey[] | undefined;
  arriving: readonly PreparedKey[] = [];
  replaced: PreparedKey | undefined;
  /** When an answer is known, for callers that cannot wait. */
  knownInMs: number | undefined;
  readonly waits: KeyWait[] = [];
  state: object | undefined = {};

  constructor(...here: readonly SigningKey[]) {
    this.here = here.map((key) => prepared(key));
  }

  candidates(): readonly PreparedKey[] | undefined {
    return this.here;
  }

  async waitForCandidates(_header: unknown, wait: KeyWait): Promise<readonly PreparedKey[]> {
    this.waits.push(wait);
    return this.arriving;
  }

  requestCandidates(): number | undefined {
    return this.knownInMs;
  }

  async findReplacedKey(_token: unknown, _tried: unknown, wait: KeyWait): Promise<PreparedKey | undefined> {
    this.waits.push(wait);
    return this.replaced;
  }

  requestReplacedKey(): number | undefined {
    return this.knownInMs;
  }

  generation(): object | undefined {
    return this.state;
  }
}

/** A pipeline for tokens of one issuer, over simulated time, with what it counted and whom it asked. */
export class PipelineOfTest {
  readonly clock = new FakeClock();
  readonly issuer: KnownIssuer;
  readonly context: RunContext;
  readonly counted = { hits: 0, misses: 0 };
  readonly proven: KnownIssuer[] = [];
  /** How often the registry was asked and nothing was in the way. */
  asked = 0;
  /** What the registry answers for the issuer of the token; the issuer itself unless a test says otherwise. */
  answer: ReturnType<IssuerFinder['find']>;

  constructor(
    readonly key: SigningKey,
    readonly keys: KeysOfTest,
    options: Partial<IdentityModuleOptions> = {},
  ) {
    const resolved = resolveOptions({ issuer: ISSUER, audience: 'orders-api', ...options }, {});
    const issuerOptions =
      resolved.issuers[0] ?? resolved.tenants?.resolve({ issuer: ISSUER, audience: 'orders-api' }, ISSUER);
    if (issuerOptions === undefined) throw new Error('no issuer');
    this.issuer = { options: issuerOptions, rules: configuredRules(issuerOptions, resolved), keys };
    this.answer = this.issuer;
    const lookUps = { recordHit: () => this.counted.hits++, recordMiss: () => this.counted.misses++ };
    this.context = {
      options: resolved,
      lookUps,
      clock: this.clock,
      headers: new HeaderCache(),
      tokenCache: resolved.tokenCache && new TokenCache(resolved.tokenCache, this.clock),
      issuers: {
        configured: [this.issuer],
        keyLookUps: lookUps,
        find: (_issuer, beforeAsking) => {
          beforeAsking?.();
          this.asked++;
          return this.answer;
        },
        prove: (issuer) => this.proven.push(issuer),
        isPossible: (issuer) => issuer === ISSUER,
        unknown: (named) => new IdentityError('issuer_unknown', `unknown: ${typeof named}`),
      },
    };
  }

  token(claims: object = {}, header: Record<string, unknown> = {}): string {
    const seconds = this.clock.wallMs() / 1000;
    return signToken(this.key, { iss: ISSUER, aud: 'orders-api', exp: seconds + 300, ...claims }, header);
  }

  run(token: unknown, call: Partial<CallSettings> = {}): ValidationRun {
    return new ValidationRun(token, this.context, { rulesFor: ({ rules }) => rules, ...call });
  }
}

/** Takes a run through its steps to the first wait. */
export function toFirstWait(run: ValidationRun): Wait | undefined {
  for (const step of stepsFor(run)) {
    const wait = step.take.call(run);
    if (wait !== undefined) return wait;
  }
  return undefined;
}
