// Imports a module in a process of its own, and prints the files that this loaded, one URL a line. Argument: the module.
import { Session } from 'node:inspector';

const [entry = ''] = process.argv.slice(2);
const session = new Session();
session.connect();
/** @type {string[]} */
const urls = [];
// Each script that V8 compiles, ES module or CommonJS.
session.on('Debugger.scriptParsed', ({ params }) => urls.push(params.url));
session.post('Debugger.enable');
urls.length = 0;
await import(entry);
console.log(urls.filter((url) => /^(file:|\/)/.test(url)).join('\n'));
