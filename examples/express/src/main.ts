import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';
import { mountSwagger } from './swagger.js';

const app = await NestFactory.create(AppModule);
mountSwagger(app);
app.enableShutdownHooks();
await app.listen(process.env['PORT'] ?? 3000);
