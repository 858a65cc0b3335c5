import { CLIENTS, SCOPES } from './provider/demo.js';

const READ_TOKEN = `node -pe 'JSON.parse(require("fs").readFileSync(0)).access_token'`;

/** One line for a shell: gets a token from the provider and calls the API with it. */
export function curlLine(issuer: string, api: string): string {
  const { id, secret } = CLIENTS.cli;
  const form = `-d grant_type=client_credentials -d 'scope=${SCOPES.join(' ')}'`;
  const token = `$(curl -s -u ${id}:${secret} ${form} ${issuer}/token | ${READ_TOKEN})`;
  return `curl -i -H "Authorization: Bearer ${token}" ${api}/orders`;
}
