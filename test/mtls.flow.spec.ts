import { randomBytes, X509Certificate } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { TestIssuer, type TestCertificate } from 'nestjs-identity-model/testing';
import * as oauth from 'oauth4webapi';
import Provider from 'oidc-provider';
import { Agent, fetch as undiciFetch } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { createSigningKeys } from '../sample/provider/signing-keys.js';
import { PLATFORMS, type Platform } from './support/create-app.js';
import { ASKING, askPort, startMtlsApp, type MtlsApp } from './support/mtls-app.js';
import { pem } from './support/tls-provider.js';

const CA = pem('ca');
const kit = TestIssuer.inMemory();
const mine = kit.certificate();
const stolen = kit.certificate('thief');

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

/** oidc-provider behind TLS: its client is known by its self-signed certificate (RFC 8705 section 2.2), which tokens are bound to. */
async function startProvider(): Promise<string> {
  const server = createServer(ASKING);
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  open.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const issuer = `https://localhost:${String((server.address() as AddressInfo).port)}`;
  const certificate = new X509Certificate(mine.cert);
  const jwk = {
    ...certificate.publicKey.export({ format: 'jwk' }),
    x5c: [certificate.raw.toString('base64')],
  };
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'machine',
        token_endpoint_auth_method: 'self_signed_tls_client_auth',
        tls_client_certificate_bound_access_tokens: true,
        jwks: { keys: [jwk] },
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
      },
    ],
    clientAuthMethods: ['self_signed_tls_client_auth'],
    jwks: { keys: createSigningKeys() },
    cookies: { keys: [randomBytes(32).toString('hex')] },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      mTLS: {
        enabled: true,
        certificateBoundAccessTokens: true,
        selfSignedTlsClientAuth: true,
        getCertificate: ({ socket }) => (socket as TLSSocket).getPeerX509Certificate()?.toString(),
      },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          audience: 'orders-api',
          scope: '',
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'PS256' } },
        }),
      },
    },
  });
  const handle = provider.callback();
  server.on('request', (request, response) => void handle(request, response));
  return issuer;
}

/** A token by the client credentials grant over mutual TLS. */
async function tokenFor(
  issuer: string,
  { cert, key }: TestCertificate,
): Promise<oauth.TokenEndpointResponse> {
  const dispatcher = new Agent({ connect: { ca: CA, cert, key } });
  open.push(() => dispatcher.close());
  const own = {
    [oauth.customFetch]: async (url: string, init: object) =>
      (await undiciFetch(url, { ...init, dispatcher })) as unknown as Response,
  };
  const url = new URL(issuer);
  const server = await oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, own));
  const client = { client_id: 'machine' };
  const parameters = new URLSearchParams({ resource: 'urn:orders' });
  const response = await oauth.clientCredentialsGrantRequest(
    server,
    client,
    oauth.TlsClientAuth(),
    parameters,
    own,
  );
  return oauth.processClientCredentialsResponse(server, client, response);
}

async function startApi(platform: Platform, issuer: string): Promise<MtlsApp> {
  const api = await startMtlsApp(platform, {
    issuer,
    audience: 'orders-api',
    senderConstrained: 'require',
    dpop: false,
    mtls: { certificate: 'socket' },
    warmUp: 'off',
    http: { tls: { ca: CA } },
  });
  open.push(() => api.app.close());
  return api;
}

describe.each(PLATFORMS)('oidc-provider, oauth4webapi over mutual TLS, and an API on %s', (platform) => {
  it('a token that the provider has bound gets in with its certificate, and with no other', async () => {
    const issuer = await startProvider();
    const api = await startApi(platform, issuer);
    const { access_token: token, token_type: type } = await tokenFor(issuer, mine);
    // RFC 8705 section 3: such a token is used as a bearer token.
    expect(type).toBe('bearer');
    const headers = { authorization: `Bearer ${token}` };
    for (let times = 0; times < 2; times++) {
      const { status, body } = await askPort(api.port, { headers, certificate: mine });
      expect([status, JSON.parse(body)]).toEqual([
        200,
        { proof: { kind: 'mtls', x5tS256: mine.thumbprint } },
      ]);
    }
    expect((await askPort(api.port, { headers, certificate: stolen })).status).toBe(401);
    expect((await askPort(api.port, { headers })).status).toBe(401);
    expect(api.rejected.map(({ code }) => code)).toEqual(['certificate_mismatch', 'certificate_missing']);
    await expect(tokenFor(issuer, stolen)).rejects.toThrow();
  });
});
