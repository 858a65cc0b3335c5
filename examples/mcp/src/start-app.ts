import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { McpStrategy } from '@rekog/mcp-nest';
import { AppModule, transport } from './app.module.js';

/** An application that MCP-Nest hands the requests at /mcp to. */
export async function startApp(port: number): Promise<INestApplication> {
  const app = await NestFactory.create(AppModule);
  await serveTools(app);
  app.enableShutdownHooks();
  await app.listen(port);
  return app;
}

export async function serveTools(app: INestApplication): Promise<void> {
  app.connectMicroservice({
    strategy: new McpStrategy({ name: 'notes', version: '1.0.0', transports: [transport] }),
  });
  await app.init();
  await app.startAllMicroservices();
}
