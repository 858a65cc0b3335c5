import { systemClock } from '../cache/clock.js';
import { explainToken, type StepOutcome } from '../validation/explain-token.js';
import { RuleSets } from '../validation/rule-sets.js';
import type { ExplainedStep } from '../validation/steps.js';
import { adviseOnToken } from './advise-on-token.js';
import type { Finding } from './finding.js';
import type { ProviderSession } from './provider-session.js';

/** What is true if a step passes. The names of the steps are those of the pipeline. */
const TITLES: Readonly<Record<ExplainedStep, string>> = {
  form: 'it is a compact JWS with JSON inside',
  issuer: 'its "iss" is this issuer, exactly',
  algorithm: 'its "alg" is allowed',
  type: 'it is an access token',
  claims: 'its times, audience and claims hold',
  key: 'the provider has its key',
  signature: 'its signature holds',
  hooks: 'own checks accept it',
};

/** A token, step by step, as the module would validate it. */
export async function examineToken(
  session: ProviderSession,
  token: string,
  hasAudience: boolean,
): Promise<readonly Finding[]> {
  const { options, issuer, directory } = session;
  const { steps, content } = await explainToken(
    token,
    { options, issuers: directory, lookUps: directory.keyLookUps, clock: systemClock },
    new RuleSets(options, directory).configured,
  );
  const advise: Advise = ({ code = 'check_failed', claim, expected }) =>
    adviseOnToken(code, {
      issuer: issuer.issuer,
      audience: issuer.audience,
      kid: content?.header.kid,
      claim,
      expected,
      hasThreeSegments: token.split('.', 4).length === 3,
      claims: content?.unverifiedClaims ?? {},
      nowMs: systemClock.wallMs(),
    });
  // The command has no own checks to run.
  const findings = steps.filter(({ step }) => step !== 'hooks').map((outcome) => toFinding(outcome, advise));
  if (hasAudience) return findings;
  const text = 'the audience was not checked';
  return [
    ...findings,
    { about: 'token', verdict: 'note', text, advice: '--audience names the one of your API' },
  ];
}

/** What to do about a code. @param claim - the name of the claim that decides. */
type Advise = (outcome: StepOutcome) => string | undefined;

/** A step that was skipped is a note: an earlier one has failed, and nothing is known about it. */
function toFinding(said: StepOutcome, advise: Advise): Finding {
  const { step, outcome, code = 'check_failed', reason } = said;
  const about = 'token';
  switch (outcome) {
    case 'passed':
      return { about, step, verdict: 'ok', text: TITLES[step] };
    case 'skipped':
      return { about, step, verdict: 'note', text: `not looked at: whether ${TITLES[step]}` };
    case 'failed': {
      const advice = advise(said);
      return {
        about,
        step,
        code,
        verdict: 'fault',
        text: `${code}: ${String(reason)}`,
        ...(advice === undefined ? {} : { advice }),
      };
    }
  }
}
