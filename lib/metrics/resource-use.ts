/** What became of valid tokens on the routes of one resource of several, since the start. */
export interface ResourceUse {
  /** Its identifier. */
  readonly resource: string;
  readonly tokens: number;
  /** Of these, how many were refused because they are for another resource of the API. */
  readonly mismatches: number;
}
