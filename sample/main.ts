import { createApp } from './create-app.js';
import { curlLine, operatorLine } from './curl-line.js';
import { startProvider } from './provider/start-provider.js';

const port = Number(process.env['PORT'] ?? 3000);
const api = `http://localhost:${String(port)}`;
const provider = await startProvider({ port: Number(process.env['PROVIDER_PORT'] ?? 3001), resource: api });
const app = await createApp(provider.issuer, { publicUrl: api, logger: ['log', 'warn', 'error'] });

let stopping = false;
async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  await app.close();
  await provider.close();
}
process.on('SIGINT', () => void stop());
process.on('SIGTERM', () => void stop());

await app.listen(port, 'localhost');

console.log(`
  API         ${api}/orders
  GraphQL     ${api}/graphql
  WebSocket   ${api.replace('http', 'ws')}/events
  MCP         ${api}/mcp
  Swagger UI  ${api}/docs   (Authorize gets a real token)
  Health      ${api}/health
  Metrics     ${api}/metrics
  Dashboard   ${api}/identity   (asks for a token, see below)
  Issuer      ${provider.issuer}

Get a token and call the API (Ctrl-C ends it all):

${curlLine(provider.issuer, api)}

Connect an MCP client (streamable HTTP): its address is ${api}/mcp and nothing else is needed. It registers itself
at the provider, where a browser that is sent there is logged in as "ada" without a question.

Get a token for the dashboard at ${api}/identity:

${operatorLine(provider.issuer)}
`);
