import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Controller, Get, UseGuards } from '@nestjs/common';
import {
  IdentityAuthGuard,
  IdentityModule,
  Proof,
  type IdentityModuleOptions,
  type SenderProof,
} from 'nestjs-identity-model';
import * as oauth from 'oauth4webapi';
import Provider from 'oidc-provider';
import { afterEach, describe, expect, it } from 'vitest';
import { createSigningKeys } from '../sample/provider/signing-keys.js';
import { createApp, PLATFORMS, type Platform } from './support/create-app.js';
import { freePort } from './support/free-port.js';

const SECRET = 'a secret of thirty-two characters';
/** The provider and the API are on loopback. */
const HTTP = { [oauth.allowInsecureRequests]: true };
const CLIENT: oauth.Client = { client_id: 'machine' };

@UseGuards(IdentityAuthGuard)
@Controller('orders')
class OrdersController {
  @Get() list(@Proof() proof?: SenderProof): object {
    return { jkt: proof?.jkt ?? null };
  }
}

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

/** oidc-provider, which binds tokens to the key of the proof at its token endpoint, and asks for nonces there. */
async function startProvider(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  open.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const issuer = `http://localhost:${String((server.address() as AddressInfo).port)}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT.client_id,
        client_secret: SECRET,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
      },
    ],
    jwks: { keys: createSigningKeys() },
    cookies: { keys: [randomBytes(32).toString('hex')] },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          audience: 'orders-api',
          scope: '',
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  });
  const handle = provider.callback();
  server.on('request', (request, response) => void handle(request, response));
  return issuer;
}

/** The API, at the URL by which its clients know it. */
async function startApi(platform: Platform, own: IdentityModuleOptions): Promise<URL> {
  const port = await freePort();
  const publicUrl = `http://127.0.0.1:${String(port)}`;
  const options = { audience: 'orders-api', publicUrl, warmUp: 'off' as const, ...own };
  const { app } = await createApp(
    platform,
    { imports: [IdentityModule.forRoot(options)], controllers: [OrdersController] },
    undefined,
    undefined,
    port,
  );
  open.push(() => app.close());
  return new URL(`${publicUrl}/orders?page=2`);
}

/** A client with a key of its own. */
class Machine {
  private constructor(
    private readonly server: oauth.AuthorizationServer,
    private readonly dpop: oauth.DPoPHandle,
    readonly jkt: string,
  ) {}

  static async at(issuer: string, algorithm: 'ES256' | 'Ed25519' = 'ES256'): Promise<Machine> {
    const url = new URL(issuer);
    const server = await oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, HTTP));
    const handle = oauth.DPoP(CLIENT, await oauth.generateKeyPair(algorithm));
    return new Machine(server, handle, await handle.calculateThumbprint());
  }

  async token(): Promise<oauth.TokenEndpointResponse> {
    const request = async (): Promise<oauth.TokenEndpointResponse> => {
      const parameters = new URLSearchParams({ resource: 'urn:orders' });
      const response = await oauth.clientCredentialsGrantRequest(
        this.server,
        CLIENT,
        oauth.ClientSecretBasic(SECRET),
        parameters,
        { DPoP: this.dpop, ...HTTP },
      );
      return oauth.processClientCredentialsResponse(this.server, CLIENT, response);
    };
    return this.withNonce(request);
  }

  /** @returns the answer, and how many requests it took. */
  async get(url: URL, token: string): Promise<{ body: unknown; requests: number }> {
    let requests = 0;
    const response = await this.withNonce(() => {
      requests++;
      return oauth.protectedResourceRequest(token, 'GET', url, undefined, undefined, {
        DPoP: this.dpop,
        ...HTTP,
      });
    });
    return { body: await response.json(), requests };
  }

  private async withNonce<T>(request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (error) {
      if (oauth.isDPoPNonceError(error)) return request();
      throw error;
    }
  }
}

const challengesOf = async (run: () => Promise<unknown>): Promise<unknown> => {
  const error: unknown = await run().catch((reason: unknown) => reason);
  if (!(error instanceof oauth.WWWAuthenticateChallengeError)) throw error;
  return error.cause.map(({ scheme, parameters }) => [scheme, parameters.error, parameters['algs']]);
};

describe.each(PLATFORMS)('oidc-provider, oauth4webapi and an API on %s', (platform) => {
  it.each(['ES256', 'Ed25519'] as const)(
    'a token that the provider has bound gets in with proofs of %s',
    async (algorithm) => {
      const issuer = await startProvider();
      const url = await startApi(platform, { issuer, senderConstrained: 'require' });
      const machine = await Machine.at(issuer, algorithm);
      const { access_token: token, token_type: type } = await machine.token();
      expect(type).toBe('dpop');
      for (let times = 0; times < 3; times++) {
        expect(await machine.get(url, token)).toEqual({ body: { jkt: machine.jkt }, requests: 1 });
      }
    },
  );

  it('asks for a nonce once, and the client has it from then on', async () => {
    const issuer = await startProvider();
    const dpop = { nonce: { secrets: [SECRET] } };
    const url = await startApi(platform, { issuer, senderConstrained: 'accept', dpop });
    const machine = await Machine.at(issuer);
    const { access_token: token } = await machine.token();
    expect((await machine.get(url, token)).requests).toBe(2);
    expect((await machine.get(url, token)).requests).toBe(1);
  });

  it('is worth nothing to another client, or as a bearer token', async () => {
    const issuer = await startProvider();
    const url = await startApi(platform, { issuer, senderConstrained: 'accept' });
    const { access_token: token } = await (await Machine.at(issuer)).token();
    const thief = await Machine.at(issuer);
    expect(await challengesOf(() => thief.get(url, token))).toEqual([
      ['bearer', undefined, undefined],
      ['dpop', 'invalid_dpop_proof', 'ES256 EdDSA Ed25519'],
    ]);
    const asBearer = (): Promise<Response> =>
      oauth.protectedResourceRequest(token, 'GET', url, undefined, undefined, HTTP);
    expect(await challengesOf(asBearer)).toEqual([
      ['bearer', 'invalid_token', undefined],
      ['dpop', undefined, 'ES256 EdDSA Ed25519'],
    ]);
  });
});
