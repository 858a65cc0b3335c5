/** What a row above has found. Its absence is a mistake in the table, and no token passes by it. */
export function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a step of the pipeline ran before the one that it builds on');
  return value;
}
