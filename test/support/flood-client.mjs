// Sends tokens with made-up key ids from a process of its own, so that its work does not count as time of the server.
// Arguments: URL, payload of the tokens (base64url), requests, how many at a time. Prints what came back as JSON.
import { randomUUID } from 'node:crypto';
import { Agent, get } from 'node:http';

const [url = '', payload = '', requests = '0', atOnce = '0'] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: Number(atOnce) });
const signature = Buffer.alloc(256, 'x').toString('base64url');

/** @type {Record<string, number>} */
const statuses = {};
let longestMs = 0;
let left = Number(requests);

/** @returns {Promise<string>} the status, or the code of an error of the socket. */
function ask() {
  const header = JSON.stringify({ alg: 'RS256', kid: randomUUID(), typ: 'at+jwt' });
  const token = `${Buffer.from(header).toString('base64url')}.${payload}.${signature}`;
  return new Promise((resolve) => {
    get(url, { agent, headers: { authorization: `Bearer ${token}` } }, (response) => {
      const { statusCode, headers } = response;
      const isTimed = statusCode !== 503 || /^([1-9]|1[01])$/.test(headers['retry-after'] ?? '');
      response.resume().on('end', () => resolve(isTimed ? String(statusCode) : '503 without a time'));
    }).on('error', (error) => resolve(error.message));
  });
}

async function client() {
  while (left-- > 0) {
    const sinceMs = performance.now();
    const status = await ask();
    longestMs = Math.max(longestMs, performance.now() - sinceMs);
    statuses[status] = (statuses[status] ?? 0) + 1;
  }
}

await Promise.all(Array.from({ length: Number(atOnce) }, client));
agent.destroy();
console.log(JSON.stringify({ statuses, longestMs }));
