// Draws the diagrams of the documents into docs/images. Usage: node scripts/draw-diagrams.mjs
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { drawLayers, drawOutageInCode, drawRequestInCode } from './diagrams/code.mjs';
import { drawOutage, drawRequest, drawRotation } from './diagrams/use.mjs';

/** By name of the file. The package has those that are in no folder. */
export const DIAGRAMS = {
  request: drawRequest(),
  outage: drawOutage(),
  rotation: drawRotation(),
  'architecture/layers': drawLayers(),
  'architecture/request': drawRequestInCode(),
  'architecture/outage': drawOutageInCode(),
};

if (realpathSync(process.argv[1] ?? '') === fileURLToPath(import.meta.url)) {
  mkdirSync('docs/images/architecture', { recursive: true });
  for (const [name, picture] of Object.entries(DIAGRAMS)) writeFileSync(`docs/images/${name}.svg`, picture);
}
