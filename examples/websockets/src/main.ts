import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';
import { guardAllSockets } from './sockets.js';

const app = await NestFactory.create(AppModule);
guardAllSockets(app);
app.enableShutdownHooks();
await app.listen(process.env['PORT'] ?? 3000);
