import { describe, expect, it } from 'vitest';
import { KeysOfTest, PipelineOfTest } from '../../test/support/pipeline.js';
import { createKey } from '../../test/support/signing-key.js';
import { explainToken, type TokenExplanation } from './explain-token.js';

const KEY = createKey('ES256', 'k1');

const outcomesOf = ({ steps }: TokenExplanation): string =>
  steps.map(({ step, outcome }) => `${step} ${outcome}`).join(', ');

describe('explainToken', () => {
  it('goes through all steps, and skips what builds on one that has failed', async () => {
    const pipeline = new PipelineOfTest(KEY, new KeysOfTest(KEY));
    const explain = (token: string): Promise<TokenExplanation> =>
      explainToken(token, pipeline.context, ({ rules }) => rules);
    expect(outcomesOf(await explain(pipeline.token()))).toBe(
      'form passed, issuer passed, algorithm passed, type passed, claims passed, key passed, signature passed, hooks passed',
    );
    const skipped =
      'algorithm skipped, type skipped, claims skipped, key skipped, signature skipped, hooks skipped';
    expect(outcomesOf(await explain('x'))).toBe(`form failed, issuer skipped, ${skipped}`);
    pipeline.answer = undefined;
    expect(outcomesOf(await explain(pipeline.token()))).toBe(`form passed, issuer failed, ${skipped}`);
  });

  it('says under the claims that a token has expired while it waited for its keys', async () => {
    const keys = new KeysOfTest(KEY);
    const pipeline = new PipelineOfTest(KEY, keys);
    const { here } = keys;
    keys.here = undefined;
    keys.waitForCandidates = async () => {
      await pipeline.clock.advance(360_000);
      return here ?? [];
    };
    const said = await explainToken(pipeline.token(), pipeline.context, ({ rules }) => rules);
    expect(said.accepted).toBe(false);
    expect(said.steps.find(({ outcome }) => outcome === 'failed')).toMatchObject({
      step: 'claims',
      code: 'token_expired',
    });
  });
});
