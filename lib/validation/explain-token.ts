import type { Clock } from '../cache/clock.js';
import type { ErrorCode, ErrorKind } from '../errors/error-codes.js';
import { IdentityError } from '../errors/identity-error.js';
import type { JwksService } from '../issuers/jwks.service.js';
import { refuseKey } from '../jwks/key-messages.js';
import { deepFreeze } from '../model/json.js';
import type { ValidatedToken } from '../model/token.js';
import type { IssuerRegistry } from '../issuers/issuer-registry.js';
import type { ResolvedIssuer, ResolvedOptions } from '../options/resolved-options.js';
import { checkAlgorithm } from '../tokens/check-algorithm.js';
import { checkClaims } from '../tokens/check-claims.js';
import { checkTokenType } from '../tokens/check-token-type.js';
import { parseToken, type UnverifiedToken } from '../tokens/parse-token.js';
import { isSignedBy } from '../tokens/verify-signature.js';
import { configuredRules } from './validation-rules.js';
import { runHooks } from './run-hooks.js';

/** The steps of the pipeline, in its order. */
export type ExplainedStep =
  'form' | 'issuer' | 'algorithm' | 'type' | 'claims' | 'key' | 'signature' | 'hooks';

/** What one step says of a token. */
export interface StepOutcome {
  readonly step: ExplainedStep;
  /** `skipped`: an earlier step that it builds on has failed. */
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** Why it failed. */
  readonly code?: ErrorCode;
  /** Of that code: where it is not `rejected`, the token could not be judged. */
  readonly kind?: ErrorKind;
  /** The same in words, without any value of the token. */
  readonly reason?: string;
  /** Name of the claim that decides, where one does. */
  readonly claim?: string;
  /** What would have passed, from the configuration, where that can be listed. */
  readonly expected?: readonly string[];
}

/** A token, step by step. */
export interface TokenExplanation {
  /** Whether all steps passed: then the token is accepted, as far as no route demands more. */
  readonly accepted: boolean;
  readonly steps: readonly StepOutcome[];
  /** What the token says, verified or not; undefined where it cannot be read. */
  readonly content: Pick<UnverifiedToken, 'header' | 'unverifiedClaims'> | undefined;
}

export interface ExplainContext {
  readonly options: ResolvedOptions;
  readonly directory: IssuerRegistry;
  readonly jwks: JwksService;
  readonly clock: Clock;
}

/**
 * Runs each step of the validation over a token, those behind a failed one too where they can be run: a
 * token that is expired and of another key is told both. For people who look for a fault; it decides nothing.
 * Nothing is counted, reported or remembered.
 */
export async function explainToken(token: string, context: ExplainContext): Promise<TokenExplanation> {
  const { options, directory, jwks, clock } = context;
  const steps: StepOutcome[] = [];
  const run = async <T>(
    step: ExplainedStep,
    check: () => T | Promise<T>,
    expectedFor?: (code: ErrorCode) => readonly string[] | undefined,
  ): Promise<T | undefined> => {
    try {
      const value = await check();
      steps.push({ step, outcome: 'passed' });
      return value;
    } catch (error) {
      const fault = error instanceof IdentityError ? error : new IdentityError('check_failed');
      const { code, kind, message: reason, claim } = fault;
      const expected = expectedFor?.(code);
      steps.push({
        step,
        outcome: 'failed',
        code,
        kind,
        reason,
        ...(claim !== undefined && { claim }),
        ...(expected && { expected }),
      });
      return undefined;
    }
  };

  const parsed = await run('form', () => parseToken(token, options.maxTokenBytes));
  if (parsed === undefined) return finish(steps, undefined);
  const issuer = await run('issuer', () => findIssuer(parsed, directory));
  if (issuer === undefined) return finish(steps, parsed);

  const { rules, hooks } = configuredRules(issuer, options);
  await run('algorithm', () => checkAlgorithm(parsed.header.alg, rules.algorithms));
  await run('type', () => checkTokenType(parsed.type, parsed.unverifiedClaims, rules));
  await run(
    'claims',
    () => checkClaims(parsed.unverifiedClaims, rules, clock.wallMs()),
    (code) => (code === 'audience_mismatch' ? (rules.audience ?? undefined) : undefined),
  );
  // A validation would ask for no key either: whoever sends the token must not make us fetch and remember.
  if (steps.some(({ step, outcome }) => step === 'algorithm' && outcome === 'failed'))
    return finish(steps, parsed);
  const keys = await run(
    'key',
    () => jwks.candidates(issuer, parsed.header) ?? jwks.waitForCandidates(issuer, parsed.header),
  );
  if (keys === undefined) return finish(steps, parsed);
  await run('signature', async () => {
    if (isSignedBy(keys, parsed)) return;
    if ((await jwks.findReplacedKey(issuer, parsed, keys)) === undefined)
      throw refuseKey('signature_invalid', issuer);
  });
  // Own checks are handed verified tokens only.
  if (steps.every(({ outcome }) => outcome === 'passed')) {
    const validated: ValidatedToken = Object.freeze({
      claims: deepFreeze(parsed.unverifiedClaims) as ValidatedToken['claims'],
      header: deepFreeze(parsed.header),
      issuer: issuer.issuer,
      token,
    });
    await run('hooks', () => runHooks(hooks, validated));
  }
  return finish(steps, parsed);
}

async function findIssuer(parsed: UnverifiedToken, directory: IssuerRegistry): Promise<ResolvedIssuer> {
  const { iss } = parsed.unverifiedClaims;
  const issuer = typeof iss === 'string' ? await directory.find(iss) : undefined;
  if (issuer === undefined) throw directory.unknown(iss);
  return issuer;
}

const ALL: readonly ExplainedStep[] = [
  'form',
  'issuer',
  'algorithm',
  'type',
  'claims',
  'key',
  'signature',
  'hooks',
];

function finish(steps: readonly StepOutcome[], content: UnverifiedToken | undefined): TokenExplanation {
  return {
    accepted: steps.length === ALL.length && steps.every(({ outcome }) => outcome === 'passed'),
    steps: ALL.map((step) => steps.find((each) => each.step === step) ?? { step, outcome: 'skipped' }),
    content: content && { header: content.header, unverifiedClaims: content.unverifiedClaims },
  };
}
