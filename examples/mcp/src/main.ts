import { startApp } from './start-app.js';

await startApp(Number(process.env['PORT'] ?? 3000));
