// The first token of a cold module, with a provider that is 20 ms away, and the second one.
import { createServer } from 'node:http';
import { spreadOf } from '../support/statistics.mjs';
import { createIssuer } from '../support/tokens.mjs';
import { startModule } from '../validation/contenders.mjs';

const AWAY_MS = 20;

/** @param {{ rounds: number }} extent */
export async function measureColdStart({ rounds }) {
  const near = await createIssuer('RS256');
  let requests = 0;
  let networkMs = 0;
  const far = createServer((request, response) => {
    requests++;
    const arrivedMs = performance.now();
    setTimeout(() => {
      response.setHeader('content-type', 'application/json');
      const isKeySet = request.url === '/jwks';
      const body = isKeySet ? { keys: [near.jwk] } : { issuer, jwks_uri: `${issuer}/jwks` };
      networkMs += performance.now() - arrivedMs;
      response.end(JSON.stringify(body));
    }, AWAY_MS);
  });
  await new Promise((resolve) => far.listen(0, '127.0.0.1', () => resolve(undefined)));
  const address = far.address();
  const issuer = `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`;
  const token = near.token(0, { iss: issuer });
  const cold = [];
  const beyond = [];
  let coldRequests = 0;
  let warmRequests = 0;
  for (let round = 0; round < rounds; round++) {
    const { app, tokens } = await startModule({ ...near, issuer }, { warmUp: 'off' });
    requests = 0;
    networkMs = 0;
    const startMs = performance.now();
    await tokens.validate(token);
    const tookMs = performance.now() - startMs;
    cold.push(tookMs);
    beyond.push(tookMs - networkMs);
    coldRequests = Math.max(coldRequests, requests);
    await tokens.validate(token);
    warmRequests = Math.max(warmRequests, requests - coldRequests);
    await app.close();
  }
  far.close();
  far.closeAllConnections();
  near.server.close();
  return { coldMs: spreadOf(cold), beyondNetworkMs: spreadOf(beyond), coldRequests, warmRequests };
}
