import { McpServer, requireScopes, type CallToolResult } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { OrdersService } from '../orders/orders.service.js';

/** Two tools behind two scopes. A token that lacks one gets 403 with the scope in the challenge. */
export function createMcpServer(orders: OrdersService): McpServer {
  const server = new McpServer({ name: 'orders', version: '1.0.0' });
  server.registerTool(
    'list_orders',
    { description: 'Lists all orders', scopeChallenge: requireScopes('orders:read') },
    () => answer(orders.list()),
  );
  server.registerTool(
    'create_order',
    {
      description: 'Orders an item',
      inputSchema: z.object({ item: z.string().max(100) }),
      scopeChallenge: requireScopes('orders:write'),
    },
    ({ item }) => answer(orders.add(item)),
  );
  return server;
}

function answer(value: unknown): CallToolResult {
  return { content: [{ type: 'text', text: JSON.stringify(value) }] };
}
