import { CLIENTS, SCOPES } from './provider/demo.js';

const READ_TOKEN = `node -pe 'JSON.parse(require("fs").readFileSync(0)).access_token'`;

/** One line for a shell: gets a token from the provider and calls the API with it. */
export function curlLine(issuer: string, api: string): string {
  return `curl -i -H "Authorization: Bearer $(${tokenLine(issuer, CLIENTS.cli, SCOPES)})" ${api}/orders`;
}

/** One line for a shell: prints a token that opens the dashboard. */
export function operatorLine(issuer: string): string {
  return tokenLine(issuer, CLIENTS.operator, CLIENTS.operator.scopes);
}

function tokenLine(
  issuer: string,
  { id, secret }: { readonly id: string; readonly secret: string },
  scopes: readonly string[],
): string {
  const form = `-d grant_type=client_credentials -d 'scope=${scopes.join(' ')}'`;
  return `curl -s -u ${id}:${secret} ${form} ${issuer}/token | ${READ_TOKEN}`;
}
