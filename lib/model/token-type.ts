/** A `typ` value as it is compared: without `application/`, in lower case (RFC 7515 section 4.1.9). */
export function normalizeTokenType(type: string): string {
  return type.toLowerCase().replace(/^application\//, '');
}
