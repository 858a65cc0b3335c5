// Measures one part in a process of its own, so that no part finds what another left behind. Started by run.mjs.
import { selectParts } from './parts.mjs';

const [name = '', rounds = ''] = process.argv.slice(2);
const [part] = selectParts([name]);
if (part === undefined) throw new Error(`no part ${name}`);
const measured = await part.measure({ rounds: Number(rounds) });
process.send?.(measured, () => process.exit());
