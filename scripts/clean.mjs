import { rmSync } from 'node:fs';

// `rm -rf` for every platform that npm runs on.
for (const directory of process.argv.slice(2)) rmSync(directory, { recursive: true, force: true });
