import { Body, Controller, HttpCode, HttpException, Inject, Post } from '@nestjs/common';
import {
  createCredentials,
  IdentityError,
  IdentityModule,
  Public,
  TokenValidationService,
} from 'nestjs-identity-model';
import { TestIssuer } from 'nestjs-identity-model/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createApp, PLATFORMS } from './support/create-app.js';

const PUBLIC_URL = 'https://api.example.com';
const issuer = TestIssuer.inMemory();

/** As an application might be written that is handed tokens in bodies: nothing of `token` is checked before. */
@Public()
@Controller('inspect')
class InspectController {
  @Inject(TokenValidationService) private readonly tokens!: TokenValidationService;

  @Post() @HttpCode(200) async inspect(
    @Body('token') token: never,
    @Body('how') how: string,
  ): Promise<object> {
    try {
      const { claims } = how === 'sync' ? this.tokens.validateSync(token) : await this.tokens.validate(token);
      return { sub: claims.sub };
    } catch (error) {
      throw new HttpException({ code: (error as IdentityError).code }, 401);
    }
  }
}

describe.each(PLATFORMS)('an object out of a body, on %s', (platform) => {
  it('lets its sender choose neither method and URL of a proof nor a certificate', async () => {
    const options = {
      publicUrl: PUBLIC_URL,
      senderConstrained: 'accept',
      mtls: {},
      warmUp: 'await',
    } as const;
    const { app, url } = await createApp(platform, {
      imports: [IdentityModule.forRoot(issuer.moduleOptions(options))],
      controllers: [InspectController],
    });
    onTestFinished(() => app.close());
    const ask = async (token: unknown, how = 'async'): Promise<unknown> => {
      const headers = { 'content-type': 'application/json' };
      const body = JSON.stringify({ token, how });
      return (await fetch(`${url}/inspect`, { method: 'POST', headers, body })).json();
    };
    // What a thief has who saw one request to another route.
    const token = issuer.token({ dpop: true });
    const proof = issuer.dpop('GET', `${PUBLIC_URL}/orders`, token);
    const seen = { scheme: 'DPoP', token, proof, method: 'GET', url: '/orders' } as const;
    const { thumbprint } = issuer.certificate();
    const ofCertificate = issuer.token({ certificate: true });
    for (const how of ['async', 'sync']) {
      for (const made of [
        seen,
        { ...seen, carrier: {} },
        { scheme: 'Bearer', token: ofCertificate, certificate: { thumbprint } },
        { scheme: 'Bearer', token: issuer.token() },
        [issuer.token()],
      ]) {
        expect(await ask(made, how)).toEqual({ code: 'token_malformed' });
      }
      expect(await ask(token, how)).toEqual({ code: 'sender_constrained' });
      expect(await ask(issuer.token(), how)).toEqual({ sub: 'test-user' });
    }
    // The same is good where code says that it is of a request.
    const tokens = app.get(TokenValidationService);
    await expect(tokens.validate(createCredentials(seen))).resolves.toMatchObject({ token });
    const presented = { scheme: 'Bearer', token: ofCertificate, certificate: { thumbprint } } as const;
    await expect(tokens.validate(createCredentials(presented))).resolves.toMatchObject({
      token: ofCertificate,
    });
  });
});
