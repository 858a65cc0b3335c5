import type { ErrorCode, ErrorKind } from '../errors/error-codes.js';
import { IdentityError } from '../errors/identity-error.js';
import { CLAIM_CHECKS } from '../tokens/claim-table.js';
import type { UnverifiedToken } from '../tokens/parse-token.js';
import type { CallSettings, LookUpCounter, RunContext } from './run-context.js';
import { STEPS, type ExplainedStep, type Step, type StepName } from './steps.js';
import { ValidationRun } from './validation-run.js';

/** What one step says of a token. */
export interface StepOutcome {
  readonly step: ExplainedStep;
  /** `skipped`: an earlier step that it builds on has failed. */
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** Why it failed. */
  readonly code?: ErrorCode;
  /** Of that code: if it is not `rejected`, the token could not be judged. */
  readonly kind?: ErrorKind;
  /** The same in words, without any value of the token. */
  readonly reason?: string;
  /** Name of the claim that decides, if one does. */
  readonly claim?: string;
  /** What would have passed, from the configuration, if that can be listed. */
  readonly expected?: readonly string[];
}

/** A token, step by step. */
export interface TokenExplanation {
  /** Whether all steps passed: then the token is accepted, as far as no route demands more. */
  readonly accepted: boolean;
  readonly steps: readonly StepOutcome[];
  /** What the token says, verified or not; undefined if it cannot be read. */
  readonly content: Pick<UnverifiedToken, 'header' | 'unverifiedClaims'> | undefined;
}

/** Looking at a token is no use of a cache. */
const NOT_COUNTED: LookUpCounter = { recordHit: () => undefined, recordMiss: () => undefined };

/**
 * Takes a token through the pipeline for people who look for a mistake; it decides nothing. Steps behind a failed one are run
 * too if they can be: of a token that is expired and signed with another key, both are said.
 *
 * Nothing is counted or reported, and no token is remembered. The provider is asked for what a validation would ask for:
 * nothing on behalf of a token that has failed before.
 */
export async function explainToken(
  token: string,
  context: RunContext,
  rulesFor: CallSettings['rulesFor'],
): Promise<TokenExplanation> {
  const uncounted = { ...context, lookUps: NOT_COUNTED, headers: undefined, tokenCache: undefined };
  const run = new ValidationRun(token, uncounted, { rulesFor });
  const passed = new Set<StepName>();
  const outcomes = new Map<StepName, StepOutcome>();
  const isSound = (): boolean => [...outcomes.values()].every(({ outcome }) => outcome === 'passed');
  for (const step of STEPS) {
    if (step.needs === undefined) continue;
    const outcome = step.needs.every((needed) => passed.has(needed))
      ? await tryStep(step, run, isSound())
      : skip(step);
    if (outcome.outcome === 'passed') passed.add(step.name);
    // The verdict is no step of its own for people: they see it if it differs from what was said before.
    if (step.shownAs === undefined || outcome.outcome === 'failed') outcomes.set(outcome.step, outcome);
  }
  const { parsed } = run;
  return {
    accepted: isSound(),
    steps: [...outcomes.values()],
    content: parsed && { header: parsed.header, unverifiedClaims: parsed.unverifiedClaims },
  };
}

async function tryStep(step: Step, run: ValidationRun, isSound: boolean): Promise<StepOutcome> {
  try {
    let wait = step.take.call(run);
    if (wait !== undefined && !isSound) {
      return wait.known === undefined ? skip(step) : fail(step, wait.known(), run);
    }
    while (wait !== undefined) {
      wait = await wait.begin();
      run.hasWaited();
    }
    return { step: nameOf(step), outcome: 'passed' };
  } catch (error) {
    return fail(step, error, run);
  }
}

function skip(step: Step): StepOutcome {
  return { step: nameOf(step), outcome: 'skipped' };
}

function fail(step: Step, error: unknown, run: ValidationRun): StepOutcome {
  const known = error instanceof IdentityError ? error : new IdentityError('check_failed');
  const { code, kind, message: reason, claim } = known;
  const check = nameOf(step) === 'claims' ? CLAIM_CHECKS.find((row) => row.code === code) : undefined;
  const expected = check?.accepted?.(run.rules.tokenRules);
  return {
    step: nameOf(step),
    outcome: 'failed',
    code,
    kind,
    reason,
    ...(claim !== undefined && { claim }),
    ...(expected && { expected }),
  };
}

/** Rows that have no name for people have no part in explanations. */
function nameOf({ name, shownAs }: Step): ExplainedStep {
  return shownAs ?? (name as ExplainedStep);
}
