import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';

/** A request of Node.js with raw headers: names and values in turn. */
export function nodeRequest(rawHeaders: readonly string[]): IncomingMessage {
  return Object.assign(new IncomingMessage(new Socket()), { rawHeaders: [...rawHeaders] });
}
