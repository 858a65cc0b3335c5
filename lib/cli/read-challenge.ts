/** A challenge of WWW-Authenticate (RFC 9110 section 11.6.1). */
export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  /** By name in lower case; of repeated ones the first. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** A scheme alone, or a name with its value. No part can match what its neighbour matches: the time is linear. */
const PART = /[\s,]*([!#$%&'*+.^_`|~\w-]+)(?:[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?/sy;

/** What a header says that strangers wrote; reading ends at the first thing that cannot stand there. */
export function readChallenges(header: string): readonly Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  PART.lastIndex = 0;
  for (let part = PART.exec(header); part !== null; part = PART.exec(header)) {
    const [, name = '', inQuotes, plain] = part;
    const value = inQuotes?.replaceAll(/\\(.)/gs, '$1') ?? plain;
    if (value === undefined) challenges.push({ scheme: name.toLowerCase(), parameters: new Map() });
    else {
      const parameters = challenges.at(-1)?.parameters;
      if (parameters?.has(name.toLowerCase()) === false) parameters.set(name.toLowerCase(), value);
    }
  }
  return challenges;
}
