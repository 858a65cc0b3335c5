// Brings the dashboard's page, which nothing compiles, into the build. Usage: node scripts/copy-dashboard.mjs
import { cpSync } from 'node:fs';

cpSync('lib/dashboard/client', 'dist/dashboard/client', {
  recursive: true,
  filter: (file) => !/(tsconfig\.json|\.spec\.ts|\.md)$/.test(file),
});
