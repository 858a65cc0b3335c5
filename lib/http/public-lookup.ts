import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { isPublicAddress } from './public-address.js';

/** A host is, or resolves to, an address that is not public. */
export class PrivateAddressError extends Error {
  override readonly name = 'PrivateAddressError';
}

/**
 * A `lookup` for connections to the public Internet only. The address that it judges is the one that is connected
 * to, so a name that resolves differently from one moment to the next gains nothing. One address that is not
 * public refuses the whole name.
 *
 * @param lookup - resolves names.
 */
export function publicLookup(lookup: LookupFunction = systemLookup): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      const addresses = typeof found === 'string' ? [] : (found as readonly LookupAddress[]);
      const closed = addresses.find(({ address }) => !isPublicAddress(address));
      const [first] = addresses;
      if (error !== null) callback(error, '');
      else if (first === undefined || closed !== undefined) {
        const why = closed === undefined ? 'has no address' : `resolves to ${closed.address}`;
        callback(new PrivateAddressError(`${hostname} ${why}`), '');
      } else if (options.all === true) callback(null, [...addresses]);
      else callback(null, first.address, first.family);
    });
  };
}
