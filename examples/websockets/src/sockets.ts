import type { INestApplication } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { guardSockets } from 'nestjs-identity-model';

/** Nobody connects without a good token. It comes before `listen`. */
export function guardAllSockets(app: INestApplication): void {
  app.useWebSocketAdapter(guardSockets(app, new IoAdapter(app)));
}
