import { All, Controller, Get, Req, Res, UseGuards, type INestApplication } from '@nestjs/common';
import { Ctx } from '@nestjs/microservices';
import {
  toNodeHandler,
  type NodeIncomingMessageLike,
  type NodeServerResponseLike,
} from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer, requireScopes } from '@modelcontextprotocol/server';
import {
  McpContext,
  McpController,
  McpHttpControllerFor,
  McpStrategy,
  StreamableHttpTransport,
  Tool,
  ToolRoles,
  ToolScopes,
} from '@rekog/mcp-nest';
import { onTestFinished } from 'vitest';
import {
  Claims,
  IdentityAuthGuard,
  IdentityModule,
  ProtectedResource,
  type IdentityModuleOptions,
} from 'nestjs-identity-model';
import { mcpUser, type McpUser } from 'nestjs-identity-model/mcp';
import { createApp, type Platform } from './create-app.js';
import { nestLine } from './nest-line.js';
import { freePort } from './free-port.js';

export type McpServerKind = 'MCP-Nest' | 'the plain SDK';
/** Those that run on the installed NestJS: tools of MCP-Nest fail on 11.0. */
export const MCP_SERVERS: readonly McpServerKind[] = nestLine.processingHooks
  ? ['MCP-Nest', 'the plain SDK']
  : ['the plain SDK'];

export interface NotesApp {
  readonly app: INestApplication;
  readonly url: string;
  readonly mcpUrl: string;
}

@UseGuards(IdentityAuthGuard)
@Controller('orders')
class Orders {
  @Get() list(@Claims('sub') sub: string): object {
    return { sub };
  }
}

/** A tool for each scope, one for both, one for a role, and one for everybody. */
@McpController()
class NestTools {
  @ToolScopes(['notes:read']) @Tool({ name: 'list_notes', description: 'Lists notes' }) list(): object {
    return { notes: ['milk'] };
  }
  @ToolScopes(['notes:write']) @Tool({ name: 'add_note', description: 'Adds a note' }) add(): object {
    return { added: true };
  }
  @ToolScopes(['notes:read', 'notes:write'])
  @Tool({ name: 'move_note', description: 'Moves a note' })
  move(): object {
    return { moved: true };
  }
  @Tool({ name: 'whoami', description: 'Who calls' }) whoami(_: unknown, @Ctx() context: McpContext): object {
    const { user } = context.getRawRequest() as { user: McpUser };
    return { sub: user['sub'], scopes: user.scopes };
  }
  @ToolRoles(['admin']) @Tool({ name: 'clear_notes', description: 'Removes all' }) clear(): object {
    return { cleared: true };
  }
}

function buildServer(): McpServer {
  const server = new McpServer({ name: 'notes', version: '1.0.0' });
  const answer = (value: object): { content: { type: 'text'; text: string }[] } => ({
    content: [{ type: 'text', text: JSON.stringify(value) }],
  });
  server.registerTool(
    'list_notes',
    { description: 'Lists notes', scopeChallenge: requireScopes('notes:read') },
    () => answer({ notes: ['milk'] }),
  );
  server.registerTool(
    'add_note',
    { description: 'Adds a note', scopeChallenge: requireScopes('notes:write') },
    () => answer({ added: true }),
  );
  server.registerTool(
    'move_note',
    { description: 'Moves a note', scopeChallenge: requireScopes('notes:read', 'notes:write') },
    () => answer({ moved: true }),
  );
  server.registerTool('whoami', { description: 'Who calls' }, ({ http }) => {
    const { clientId, scopes, expiresAt, resource, extra } = http?.authInfo ?? {};
    return answer({ clientId, scopes, expiresAt, resource, issuer: extra?.['issuer'] });
  });
  return server;
}

/** What Express hands to a controller, and what Fastify does. */
interface Incoming extends NodeIncomingMessageLike {
  readonly raw?: NodeIncomingMessageLike;
  readonly body?: unknown;
}
type Outgoing = NodeServerResponseLike & { hijack?: () => void; readonly raw?: NodeServerResponseLike };

@UseGuards(IdentityAuthGuard)
@ProtectedResource('/mcp')
@Controller('mcp')
class PlainEndpoint {
  private readonly handle = toNodeHandler(createMcpHandler(buildServer));

  @All() async serve(@Req() request: Incoming, @Res() response: Outgoing): Promise<void> {
    response.hijack?.();
    await this.handle(request.raw ?? request, response.raw ?? response, request.body);
  }
}

/** `issuer` and whatever else differs. */
type OptionsOfTest = Partial<IdentityModuleOptions> & Pick<IdentityModuleOptions, 'issuer'>;

/** One application with a REST API and an MCP server, each a resource of its own. */
export async function startNotes(
  kind: McpServerKind,
  platform: Platform,
  options: (base: string) => OptionsOfTest | Promise<OptionsOfTest>,
): Promise<NotesApp> {
  const port = await freePort();
  const url = `http://127.0.0.1:${String(port)}`;
  const given = await options(url);
  const transport = new StreamableHttpTransport({ stepUpAuthorization: true });

  @UseGuards(IdentityAuthGuard)
  @ProtectedResource('/mcp')
  @Controller('mcp')
  class NestEndpoint extends McpHttpControllerFor(transport) {}

  const { app } = await createApp(
    platform,
    {
      imports: [
        IdentityModule.forRoot({
          publicUrl: url,
          resources: [{ url: '/' }, { url: '/mcp', scopes: ['notes:read'] }],
          mapUser: mcpUser(),
          ...given,
        }),
      ],
      controllers: [Orders, ...(kind === 'MCP-Nest' ? [NestEndpoint, NestTools] : [PlainEndpoint])],
    },
    (each) => {
      if (kind !== 'MCP-Nest') return;
      const strategy = new McpStrategy({ name: 'notes', version: '1.0.0', transports: [transport] });
      each.connectMicroservice({ strategy });
    },
    undefined,
    port,
  );
  onTestFinished(() => app.close());
  await app.startAllMicroservices();
  return { app, url, mcpUrl: `${url}/mcp` };
}
