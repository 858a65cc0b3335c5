declare function readToken(): Promise<string>;
