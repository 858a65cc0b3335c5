/**
 * What can be wrong with an API as a client without a token sees it. A `fault` keeps every client out, a `warning` some of them, and a
 * `note` is what cannot be seen from outside. Only a fault ends the doctor with exit status 1.
 */
interface Mismatch {
  readonly about: 'api' | 'keys' | 'document' | 'resource' | 'server' | 'scopes' | 'audience' | 'cors';
  readonly verdict: 'note' | 'warning' | 'fault';
  /** What to do about it. */
  readonly advice: string;
}

/** By names that programs may go by. */
export const MISMATCHES = {
  api_unreachable: {
    about: 'api',
    verdict: 'fault',
    advice: 'is the URL right, and does the application run? --timeout-ms waits longer',
  },
  api_open: {
    about: 'api',
    verdict: 'fault',
    advice: 'no token was requested: let IdentityAuthGuard guard the route, and look for @Public() on it',
  },
  api_refuses: {
    about: 'api',
    verdict: 'fault',
    advice:
      'a client without a token needs a 401 with a challenge: does a gateway, a login page or another guard answer first?',
  },
  route_unseen: {
    about: 'api',
    verdict: 'warning',
    advice: 'name a protected route instead, then its challenge can be looked at',
  },
  challenge_missing: {
    about: 'api',
    verdict: 'fault',
    advice:
      'a 401 needs WWW-Authenticate: Bearer (RFC 6750 section 3): does a gateway or an exception filter drop the header?',
  },
  challenge_no_metadata: {
    about: 'api',
    verdict: 'warning',
    advice: 'set "resource" in the options: the challenge then has resource_metadata (RFC 9728 section 5.1)',
  },
  challenge_scheme: {
    about: 'api',
    verdict: 'fault',
    advice:
      'a proxy ends TLS and the application does not know: write the https URL into "publicUrl" or "resource"',
  },
  challenge_host: {
    about: 'api',
    verdict: 'fault',
    advice:
      'write the URL that clients use into "publicUrl" or "resource", not the name inside of the network',
  },
  document_missing: {
    about: 'document',
    verdict: 'fault',
    advice:
      'set "resource" in the options; behind a proxy, lead /.well-known/oauth-protected-resource… to the application, ' +
      'or serve the document there ("serveMetadata": false)',
  },
  document_refused: {
    about: 'document',
    verdict: 'fault',
    advice:
      'clients have no token yet: let the gateway pass /.well-known/oauth-protected-resource… to everyone',
  },
  document_redirected: {
    about: 'document',
    verdict: 'fault',
    advice: 'answer at this URL itself: clients need not follow, and pages of other origins often cannot',
  },
  document_not_json: {
    about: 'document',
    verdict: 'fault',
    advice: 'a JSON object is expected: does a single-page application or an error page answer every path?',
  },
  document_type: {
    about: 'document',
    verdict: 'fault',
    advice: 'answer with Content-Type: application/json (RFC 9728 section 3.2)',
  },
  document_at_root: {
    about: 'document',
    verdict: 'warning',
    advice:
      'serve it between host and path of the resource (RFC 9728 section 3.1): not every client tries the root',
  },
  document_head: {
    about: 'document',
    verdict: 'warning',
    advice: 'answer HEAD as GET, without the body (RFC 9110 section 9.3.2)',
  },
  document_uncached: {
    about: 'document',
    verdict: 'note',
    advice: 'Cache-Control: public, max-age=300 spares the API most of these requests',
  },
  resource_missing: {
    about: 'resource',
    verdict: 'fault',
    advice: 'the document must say "resource", the URL of the API (RFC 9728 section 2)',
  },
  resource_slash: {
    about: 'resource',
    verdict: 'fault',
    advice:
      'clients and providers compare exactly: use one form, with or without the slash, in "resource", in the clients, and as the audience at the provider',
  },
  resource_case: {
    about: 'resource',
    verdict: 'fault',
    advice:
      'clients compare exactly: write "resource" as clients write it, the host in lower case and without a default port',
  },
  resource_scheme: {
    about: 'resource',
    verdict: 'fault',
    advice:
      'a proxy ends TLS and the application does not know: write the https URL into "publicUrl" or "resource"',
  },
  resource_host: {
    about: 'resource',
    verdict: 'fault',
    advice:
      'write the URL that clients use into "publicUrl" or "resource", not the name inside of the network',
  },
  resource_path: {
    about: 'resource',
    verdict: 'fault',
    advice:
      'the document is about another resource: give this URL one of its own in "resources", and name it in @ProtectedResource; or ask for that URL',
  },
  resource_parent: {
    about: 'resource',
    verdict: 'note',
    advice:
      'the URL is a route of that resource: clients that compare exactly must be given the URL of the resource',
  },
  servers_missing: {
    about: 'server',
    verdict: 'fault',
    advice:
      'name the issuers in "authorization_servers": "authorizationServers" of the resource, or "issuer" in the options',
  },
  servers_many: {
    about: 'server',
    verdict: 'note',
    advice: 'call the doctor with the others, one by one, as issuers',
  },
  server_invalid: {
    about: 'server',
    verdict: 'fault',
    advice: 'an https URL without query and fragment is expected, exactly as the provider names itself',
  },
  server_insecure: {
    about: 'server',
    verdict: 'fault',
    advice: 'name the https URL of the provider: its public URL, not that behind the proxy',
  },
  server_private: {
    about: 'server',
    verdict: 'fault',
    advice:
      'clients of this API cannot get there: name the public URL of the provider, in its own settings and in the options. ' +
      '--allow-private if all clients are in that network',
  },
  server_unreachable: {
    about: 'server',
    verdict: 'fault',
    advice: 'clients find no metadata of it: is it the issuer exactly, path included, and is it up?',
  },
  server_other_issuer: {
    about: 'server',
    verdict: 'fault',
    advice: 'clients must refuse it (RFC 8414 section 3.3): name the issuer exactly as its own metadata does',
  },
  keys_unreachable: {
    about: 'keys',
    verdict: 'fault',
    advice: 'no token of this server can be verified: the key set must be readable, with a usable key',
  },
  pkce_missing: {
    about: 'server',
    verdict: 'fault',
    advice: 'switch PKCE with S256 on at the provider: OAuth 2.1 and MCP clients refuse to go on without it',
  },
  pkce_unsaid: {
    about: 'server',
    verdict: 'warning',
    advice:
      'MCP clients may refuse to go on: if the provider can, let its metadata say code_challenge_methods_supported: ["S256"]',
  },
  scopes_malformed: {
    about: 'scopes',
    verdict: 'fault',
    advice: '"scopes_supported" is a list of scopes, without spaces in them; leave it out if there are none',
  },
  scopes_login: {
    about: 'scopes',
    verdict: 'warning',
    advice: 'these are for the client and its provider, not for an API: leave them out of "scopes"',
  },
  scopes_unknown: {
    about: 'scopes',
    verdict: 'warning',
    advice:
      'a client that asks for them gets invalid_scope: add them at the provider, or is this the list of another resource?',
  },
  scopes_other_resource: {
    about: 'scopes',
    verdict: 'fault',
    advice:
      'Entra ID answers AADSTS9010010: let each scope begin with the resource and a slash, and register exactly that resource ' +
      'as application ID URI of the API, trailing slash included',
  },
  audience_unlisted: {
    about: 'audience',
    verdict: 'warning',
    advice: 'register this URL at the provider as an API, or else tokens for it may not be issued',
  },
  audience_by_provider: {
    about: 'audience',
    verdict: 'warning',
    advice: 'let the provider put this URL into "aud", or say in "audience" what it puts there',
  },
  audience_unsaid: {
    about: 'audience',
    verdict: 'note',
    advice: 'get a token with this resource (RFC 8707), and look at its "aud" with the doctor',
  },
  cors_missing: {
    about: 'cors',
    verdict: 'warning',
    advice: 'clients in browsers cannot read the document: answer with Access-Control-Allow-Origin: *',
  },
  cors_preflight: {
    about: 'cors',
    verdict: 'warning',
    advice:
      'browsers do not send the request: answer OPTIONS with 204, Access-Control-Allow-Origin: * and Access-Control-Allow-Headers: *; ' +
      'on Fastify the CORS configuration of the application answers it',
  },
} as const satisfies Readonly<Record<string, Mismatch>>;

export type MismatchName = keyof typeof MISMATCHES;
