// One route in a process of its own. Arguments: platform, protection, issuer, algorithm. Tells its URL to the parent.
import { createApp } from './app.mjs';

const [platform = 'fastify', protection, issuer = '', algorithm = 'RS256'] = process.argv.slice(2);
const app = await createApp({
  platform,
  protection: /** @type {import('./app.mjs').Protection} */ (protection),
  issuer,
  algorithm,
});
// Ends with its parent, and writes its profile when it was started with --cpu-prof.
process.on('disconnect', () => process.exit());
await app.listen(0, '127.0.0.1');
process.send?.(await app.getUrl());
