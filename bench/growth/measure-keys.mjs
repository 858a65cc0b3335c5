// Time of a validation, and of an import, by the number of keys in a set.
import { importKeySet } from '../../dist/jwks/key-set.js';
import { createSigner } from '../support/tokens.mjs';
import { measureCurve, timePass } from './curve.mjs';
import { claimsOf, startModule } from './start-module.mjs';

const COUNTS = [1, 10, 100];
const TOKENS = 1_000;
const ISSUER = 'urn:issuer:keys';

/** @param {{ rounds: number }} extent */
export async function measureKeys({ rounds }) {
  const points = [];
  const imports = [];
  const closing = [];
  for (const count of COUNTS) {
    const signers = Array.from({ length: count }, () => createSigner('ES256'));
    const keys = signers.map((signer, index) => signer.jwk(`key-${index}`));
    const { tokens, close } = await startModule({ issuers: [{ issuer: ISSUER, jwks: { keys } }] });
    closing.push(close);
    const sign = (/** @type {number} */ at, /** @type {object} */ header) =>
      signers[at % count]?.sign({ typ: 'at+jwt', ...header }, claimsOf(ISSUER, { jti: `jti-${at}` })) ?? '';
    const lists = {
      'the token names its key': Array.from({ length: TOKENS }, (_, at) =>
        sign(at, { kid: `key-${at % count}` }),
      ),
      'without a key id, signed with the first key': Array.from({ length: TOKENS }, (_, at) =>
        sign(at * count, {}),
      ),
    };
    for (const [series, list] of Object.entries(lists)) {
      points.push({ series, x: count, run: () => timePass((token) => tokens.validateSync(token), list) });
    }
    imports.push({
      series: 'import of the set',
      x: count,
      run: async () => {
        const startMs = performance.now();
        await importKeySet(keys);
        return performance.now() - startMs;
      },
    });
  }
  const time = await measureCurve(
    { title: 'One validation, ES256', x: 'keys in the set', y: 'microseconds' },
    points,
    rounds,
  );
  const imported = await measureCurve(
    { title: 'Import of a key set', x: 'keys in the set', y: 'milliseconds' },
    imports,
    rounds,
  );
  for (const close of closing) await close();
  return { time, imported };
}
