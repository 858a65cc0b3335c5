import { ValidationRun } from './validation-run.js';
import type { Wait } from './waits.js';

/** Steps that an explanation shows, in the order of the pipeline. */
export type ExplainedStep =
  'form' | 'issuer' | 'algorithm' | 'type' | 'claims' | 'key' | 'signature' | 'hooks';

export type StepName = ExplainedStep | 'verdict' | 'remember' | 'sender' | 'scopes';

type TakeStep = (this: ValidationRun) => Wait | undefined;

/** Methods of a run that are steps. */
type StepMethod = {
  [K in keyof ValidationRun]: ValidationRun[K] extends TakeStep ? K : never;
}[keyof ValidationRun];

/** One step of the pipeline. */
export interface Step {
  readonly name: StepName;
  /** Throws an IdentityError if the token fails it; returns a {@link Wait} if it cannot finish now. */
  readonly take: TakeStep;
  /**
   * Whether the token cache holds what the step proves, so that it is spared for a recalled token. All other steps run on
   * every use of a token.
   */
  readonly isProven: boolean;
  /** The steps without which it cannot run; undefined if it is no matter of explanations (caches, demands of a call). */
  readonly needs: readonly StepName[] | undefined;
  /** The step that its outcome is shown under. */
  readonly shownAs: ExplainedStep | undefined;
}

const ON_EVERY_USE = false;
const PROVEN = true;

/**
 * The pipeline (RFC 7519 section 7.2, RFC 9068 section 4). This is the only place that knows its order: what costs
 * nothing comes first, nothing is fetched for a token that fails before, and nothing of the application runs before
 * the signature was verified. To add a step, add a row, and the name above.
 */
export const STEPS: readonly Step[] = [
  row('form', 'parse', PROVEN, []),
  row('issuer', 'findIssuer', ON_EVERY_USE, ['form']),
  row('algorithm', 'checkAlgorithm', ON_EVERY_USE, ['issuer']),
  row('type', 'checkType', ON_EVERY_USE, ['issuer']),
  row('claims', 'checkClaims', ON_EVERY_USE, ['issuer']),
  row('key', 'findKeys', PROVEN, ['algorithm']),
  row('signature', 'checkSignature', PROVEN, ['key']),
  row('verdict', 'conclude', PROVEN, ['type', 'claims', 'signature'], 'claims'),
  // Before anything that may wait: the keys of now are those that verified the token.
  row('remember', 'remember', PROVEN),
  // That its sender has the key that the token is bound to (RFC 9449): who has not makes nobody check a proof's signature.
  row('sender', 'checkSender', ON_EVERY_USE),
  row('scopes', 'checkScopes', ON_EVERY_USE),
  row('hooks', 'runHooks', ON_EVERY_USE, ['verdict']),
];

const STEPS_ON_EVERY_USE = STEPS.filter(({ isProven }) => !isProven);

/**
 * The steps that a token has before it: for a token whose signature was verified before with the keys of now, those that
 * run on every use.
 */
export function stepsFor(run: ValidationRun): readonly Step[] {
  return run.recall() ? STEPS_ON_EVERY_USE : STEPS;
}

/** A step with all that it builds on, in the order of the pipeline. */
export function stepsUpTo(name: StepName): readonly Step[] {
  const needed = new Set([name]);
  for (const step of STEPS.toReversed()) {
    if (needed.has(step.name) && step.needs) for (const each of step.needs) needed.add(each);
  }
  return STEPS.filter((step) => needed.has(step.name));
}

/**
 * The method itself, not a function around it: an error has one function less to leave. All rows have the same members in
 * the same order, so that the loop that drives them stays fast.
 */
function row(
  name: StepName,
  method: StepMethod,
  isProven: boolean,
  needs?: readonly StepName[],
  shownAs?: ExplainedStep,
): Step {
  return { name, take: ValidationRun.prototype[method], isProven, needs, shownAs };
}
