import type { INestApplication } from '@nestjs/common';
import {
  OAuthError,
  OAuthErrorCode,
  requireBearerAuth,
  type AuthInfo,
  type OAuthTokenVerifier,
} from '@modelcontextprotocol/server';
import { describe, expect, expectTypeOf, it, onTestFinished } from 'vitest';
import { IdentityModule, TokenValidationService, type IdentityModuleOptions } from 'nestjs-identity-model';
import { IdentityMcpVerifier, toAuthInfo, type McpAuthInfo } from 'nestjs-identity-model/mcp';
import { TestIssuer, type MintOptions } from 'nestjs-identity-model/testing';
import { createApp, PLATFORMS } from './support/create-app.js';
import { startNotes, type McpServerKind } from './support/mcp-servers.js';
import type { Platform } from './support/create-app.js';
import { nestLine } from './support/nest-line.js';

const MCP = 'https://api.example.com/mcp';
const METADATA = 'https://api.example.com/.well-known/oauth-protected-resource/mcp';
const HIERARCHY = { 'notes:write': ['notes:read'], 'notes:admin': ['notes:*'] };
const issuer = TestIssuer.inMemory({ audience: MCP });

/** What a tool of MCP-Nest says once it was let through; on NestJS 11.0 none of them runs. */
const ranAs = (text: string): string =>
  nestLine.processingHooks ? text : 'this.onProcessingStartHook is not a function';

interface Answer {
  readonly status: number;
  readonly challenge: string | null;
  readonly text: string | undefined;
}

/** What a client of 2025 sends, without any library. */
async function callTool(mcpUrl: string, name: string, token: MintOptions): Promise<Answer> {
  const response = await fetch(mcpUrl, {
    method: 'POST',
    headers: {
      authorization: issuer.bearer(token),
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {} } }),
  });
  const body = await response.text();
  const { result, error } = JSON.parse(/^data: (.*)$/m.exec(body)?.[1] ?? body) as {
    result?: { content: { text: string }[] };
    error?: { message: string };
  };
  return {
    status: response.status,
    challenge: response.headers.get('www-authenticate'),
    text: result?.content[0]?.text ?? error?.message,
  };
}

async function startServer(
  kind: McpServerKind,
  platform: Platform,
  options: IdentityModuleOptions = {},
): Promise<string> {
  const resource = { url: MCP, scopes: ['notes:read', 'notes:write'] };
  const { mcpUrl } = await startNotes(kind, platform, () => ({
    ...issuer.moduleOptions({ audience: undefined, publicUrl: 'https://api.example.com' }),
    resources: [{ url: 'https://api.example.com' }, resource],
    scopeImplies: HIERARCHY,
    ...options,
    issuer: issuer.issuer,
  }));
  return mcpUrl;
}

describe.each(PLATFORMS)('mcpUser() on %s', (platform) => {
  it('lets MCP-Nest find scopes and roles, with those that scopes include', async () => {
    const url = await startServer('MCP-Nest', platform, { rolesClaim: 'groups' });
    for (const scope of ['notes:read', 'notes:write', 'notes:admin']) {
      expect(await callTool(url, 'list_notes', { scope })).toMatchObject({ status: 200 });
    }
    expect(await callTool(url, 'add_note', { scope: 'notes:admin' })).toMatchObject({ status: 200 });
    expect(await callTool(url, 'add_note', { scope: 'notes:read' })).toEqual({
      status: 403,
      text: "Tool 'add_note' requires scopes: notes:write",
      challenge: `Bearer error="insufficient_scope", error_description="Tool 'add_note' requires scopes: notes:write", scope="notes:write", resource_metadata="${METADATA}"`,
    });
    const admin = await callTool(url, 'clear_notes', { claims: { groups: ['admin'] } });
    expect(admin.text).toBe(ranAs('{"cleared":true}'));
    const who = await callTool(url, 'whoami', { sub: 'ada', scope: 'notes:write' });
    expect(who.text).toBe(ranAs('{"sub":"ada","scopes":["notes:write","notes:read"]}'));
  });

  it('keeps claims from counting that only look like scopes and roles', async () => {
    const url = await startServer('MCP-Nest', platform, { rolesClaim: 'groups' });
    const claims = { scopes: ['notes:write'], roles: ['admin'], user_data: { roles: ['admin'] } };
    expect((await callTool(url, 'add_note', { claims })).status).toBe(403);
    expect((await callTool(url, 'clear_notes', { claims })).text).toBe(
      "Tool 'clear_notes' requires roles: admin",
    );
  });

  it('hands the SDK what it knows of the caller', async () => {
    const url = await startServer('the plain SDK', platform);
    const before = Math.floor(Date.now() / 1000);
    const { text = '' } = await callTool(url, 'whoami', { scope: 'notes:write', expiresInMs: 60_000 });
    const { expiresAt, ...rest } = JSON.parse(text) as { expiresAt: number };
    expect(rest).toEqual({
      clientId: 'test-client',
      scopes: ['notes:write', 'notes:read'],
      resource: MCP,
      issuer: issuer.issuer,
    });
    expect(expiresAt - before).toBeGreaterThanOrEqual(60);
    expect(expiresAt - before).toBeLessThan(70);
    expect(await callTool(url, 'add_note', { scope: 'notes:read' })).toMatchObject({
      status: 403,
      challenge: expect.stringContaining(`scope="notes:write", resource_metadata="${METADATA}"`) as string,
    });
  });
});

async function startModule(options: IdentityModuleOptions): Promise<INestApplication> {
  const { app } = await createApp('express', { imports: [IdentityModule.forRoot(options)] });
  onTestFinished(() => app.close());
  return app;
}

const invalidToken = (message: string): Error => new OAuthError(OAuthErrorCode.InvalidToken, message);
const SEVERAL = { audience: undefined, resources: [{ url: 'https://api.example.com' }, { url: MCP }] };

describe('toAuthInfo()', () => {
  it('has the shape of the SDK', async () => {
    expectTypeOf<McpAuthInfo>().toExtend<AuthInfo>();
    const app = await startModule(issuer.moduleOptions());
    const token = issuer.token({ claims: { scp: ['a', 'b'], client_id: undefined, azp: 'app' } });
    const validated = await app.get(TokenValidationService).validate(token);
    const info: AuthInfo = toAuthInfo(validated);
    expect(info).toEqual({
      token,
      clientId: 'app',
      scopes: ['a', 'b'],
      expiresAt: validated.claims.exp,
      extra: { issuer: issuer.issuer, claims: validated.claims },
    });
    expect(toAuthInfo(validated, { scopes: ['c'], resource: MCP })).toMatchObject({
      scopes: ['c'],
      resource: new URL(MCP),
    });
  });

  it('has an empty client id for a token that names no client', async () => {
    const app = await startModule(issuer.moduleOptions());
    const token = issuer.token({ claims: { client_id: undefined, azp: 5 } });
    expect(toAuthInfo(await app.get(TokenValidationService).validate(token)).clientId).toBe('');
  });
});

describe('IdentityMcpVerifier', () => {
  /** What the SDK's own gate makes of it. */
  async function ask(verifier: OAuthTokenVerifier, token: string): Promise<AuthInfo | Response> {
    const gate = requireBearerAuth({
      verifier,
      resourceMetadataUrl: METADATA,
      expectedResource: new URL(MCP),
    });
    return gate(new Request(MCP, { method: 'POST', headers: { authorization: `Bearer ${token}` } }));
  }
  const refusal = async (answer: AuthInfo | Response): Promise<[number, string | null]> => {
    if (!(answer instanceof Response)) throw new Error('accepted');
    return [answer.status, answer.headers.get('www-authenticate')];
  };

  it.each([
    ['one resource', { audience: undefined, resource: { url: MCP } }],
    ['several', SEVERAL],
  ])('accepts tokens for its own resource only, of %s', async (_what, options) => {
    const app = await startModule(issuer.moduleOptions({ ...options, scopeImplies: HIERARCHY }));
    const verifier = new IdentityMcpVerifier(app, { resource: '/mcp', invalidToken });
    expectTypeOf(verifier).toExtend<OAuthTokenVerifier>();
    expect(await ask(verifier, issuer.token({ scope: 'notes:write' }))).toMatchObject({
      clientId: 'test-client',
      scopes: ['notes:write', 'notes:read'],
      resource: new URL(MCP),
      resourceMetadataUrl: METADATA,
    });
    const said = (what: string): [number, string] => [
      401,
      `Bearer error="invalid_token", error_description="The access token is ${what}", resource_metadata="${METADATA}"`,
    ];
    const another = issuer.token({ audience: 'https://api.example.com' });
    expect(await refusal(await ask(verifier, another))).toEqual(said('invalid'));
    expect(await refusal(await ask(verifier, 'no-token'))).toEqual(said('invalid'));
    expect(await refusal(await ask(verifier, issuer.token({ wrong: 'tampered' })))).toEqual(said('invalid'));
    expect(await refusal(await ask(verifier, issuer.token({ expiresInMs: -600_000 })))).toEqual(
      said('expired'),
    );
  });

  it('passes no outage off as an invalid token', async () => {
    const provider = await TestIssuer.start({ audience: MCP });
    onTestFinished(() => provider.stop());
    const app = await startModule({
      ...provider.moduleOptions(SEVERAL),
      http: { ...provider.httpOptions(), retries: 0 },
    });
    provider.misbehave('down');
    const verifier = new IdentityMcpVerifier(app, { resource: MCP, invalidToken });
    await expect(verifier.verifyAccessToken(provider.token())).rejects.toMatchObject({ kind: 'unavailable' });
    expect(await refusal(await ask(verifier, provider.token()))).toEqual([500, null]);
  });

  it('is not made for a resource that is not configured', async () => {
    const app = await startModule(issuer.moduleOptions(SEVERAL));
    expect(() => new IdentityMcpVerifier(app, { resource: `${MCP}/`, invalidToken })).toThrow(
      `IdentityMcpVerifier: "${MCP}/" is no configured resource`,
    );
  });
});
