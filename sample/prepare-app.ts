import type { INestApplication } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import { guardSockets } from 'nestjs-identity-model';

/** What modules cannot say. Tests that build the application from AppModule call it as well. */
export function prepareApp(app: INestApplication): void {
  app.useWebSocketAdapter(guardSockets(app, new WsAdapter(app)));
}
