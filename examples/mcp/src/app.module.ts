import { Controller, Module, UseGuards } from '@nestjs/common';
import { McpHttpControllerFor, StreamableHttpTransport } from '@rekog/mcp-nest';
import {
  IdentityAuthGuard,
  IdentityModule,
  ProtectedResource,
  type IdentityModuleOptions,
} from 'nestjs-identity-model';
import { mcpUser } from 'nestjs-identity-model/mcp';
import { NotesTools } from './notes.tools.js';

/** A missing scope is a 403 with a challenge, so that clients can ask the user for it. */
export const transport = new StreamableHttpTransport({ stepUpAuthorization: true });

@UseGuards(IdentityAuthGuard)
@ProtectedResource('/mcp')
@Controller('mcp')
class McpEndpoint extends McpHttpControllerFor(transport) {}

@Module({
  imports: [
    IdentityModule.forRootAsync({
      useFactory: (): IdentityModuleOptions => ({
        issuer: process.env['OIDC_ISSUER'],
        // The origin that clients use. It and the path are the audience of tokens: https://api.example.com/mcp
        publicUrl: process.env['PUBLIC_URL'],
        resource: { url: '/mcp', scopes: ['notes:read', 'notes:write'] },
        scopeImplies: { 'notes:write': ['notes:read'] },
        mapUser: mcpUser(),
      }),
    }),
  ],
  controllers: [McpEndpoint, NotesTools],
})
export class AppModule {}
