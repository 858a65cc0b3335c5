import { All, Controller, Inject, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import {
  toNodeHandler,
  type NodeIncomingMessageLike,
  type NodeServerResponseLike,
} from '@modelcontextprotocol/node';
import { createMcpHandler } from '@modelcontextprotocol/server';
import { ProtectedResource } from 'nestjs-identity-model';
import { OrdersService } from '../orders/orders.service.js';
import { createMcpServer } from './mcp-server.js';

/** Orders for agents: a resource of its own, so that tokens for the REST API are worth nothing here, and the other way round. */
@ApiExcludeController()
@ProtectedResource('/mcp')
@Controller('mcp')
export class McpController {
  private readonly handle;

  constructor(@Inject(OrdersService) orders: OrdersService) {
    this.handle = toNodeHandler(createMcpHandler(() => createMcpServer(orders)));
  }

  @All()
  async serve(
    @Req() request: NodeIncomingMessageLike & { readonly body?: unknown },
    @Res() response: NodeServerResponseLike,
  ): Promise<void> {
    await this.handle(request, response, request.body);
  }
}
