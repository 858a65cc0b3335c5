// Measures one part in a process of its own, so that no part finds what another left behind. Started by run.mjs.
import { selectParts } from './parts.mjs';
import { noiseOf, watchOthers } from './support/busyness.mjs';

const [name = '', rounds = ''] = process.argv.slice(2);
const [part] = selectParts([name]);
if (part === undefined) throw new Error(`no part ${name}`);
const othersShare = watchOthers();
const { result, noise } = await part.measure({ rounds: Number(rounds) });
const others = part.ignoresOthers === true ? [] : noiseOf({ othersShare: othersShare() });
process.send?.({ result, noise: [...noise, ...others] }, () => process.exit());
