import { systemClock } from '../cache/clock.js';
import { explainToken, type ExplainedStep, type StepOutcome } from '../validation/explain-token.js';
import type { Finding } from './finding.js';
import type { ProviderSession } from './provider-session.js';

const TITLES: Readonly<Record<ExplainedStep, string>> = {
  form: 'it is a compact JWS with JSON inside',
  issuer: 'its "iss" is this issuer, to the letter',
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
  const { options, directory, jwks } = session;
  const { steps } = await explainToken(token, { options, directory, jwks, clock: systemClock });
  // The command has no own checks to run.
  const findings = steps.filter(({ step }) => step !== 'hooks').map(toFinding);
  if (hasAudience) return findings;
  const text = 'the audience was not checked';
  return [
    ...findings,
    { about: 'token', verdict: 'note', text, advice: '--audience names the one of your API' },
  ];
}

function toFinding({ step, outcome, code, reason }: StepOutcome): Finding {
  switch (outcome) {
    case 'passed':
      return { about: 'token', verdict: 'ok', text: TITLES[step] };
    case 'skipped':
      return { about: 'token', verdict: 'note', text: `not looked at: whether ${TITLES[step]}` };
    case 'failed':
      return { about: 'token', verdict: 'fault', text: `${String(code)}: ${String(reason)}` };
  }
}
