/** One table of what is exported; documentation, dashboard and alert rules are checked against it. */
export const METRICS = {
  // No label "issuer": each would have all buckets, and tenants would multiply them.
  validationDuration: {
    name: 'identity_token_validation_duration_seconds',
    help: 'How long validations of tokens took, the wait for keys included.',
    labels: ['outcome'],
  },
  // Alerts go by verified="true": anybody can send tokens whose signature is bad.
  validations: {
    name: 'identity_token_validations_total',
    help: 'Validations of tokens by result; "verified" says whether the signature was verified.',
    labels: ['issuer', 'result', 'verified'],
  },
  denials: {
    name: 'identity_access_denied_total',
    help: 'Denials of guards that are no result of a validation: no token, or a valid one that does not meet the requirements of the route.',
    labels: ['issuer', 'code'],
  },
  // By client as the option "clientNames" names it: a client id is a claim value, and no label.
  wouldDeny: {
    name: 'identity_access_would_deny_total',
    help: 'Calls that were allowed, and that a requirement would have denied if it were enforced and not only reported.',
    labels: ['issuer', 'code', 'client'],
  },
  // Who would be refused by senderConstrained: 'require'.
  senders: {
    name: 'identity_token_senders_total',
    help: 'Uses of valid tokens: bearer tokens, and tokens that are bound to a key and came with a DPoP proof.',
    labels: ['issuer', 'sender', 'client'],
  },
  // By result, so that the share is a quotient of two sums; resources are configured.
  resourceTokens: {
    name: 'identity_resource_tokens_total',
    help: 'Valid tokens on the routes of each protected resource of several: accepted, or refused because they are for another one.',
    labels: ['resource', 'result'],
  },
  cacheRequests: {
    name: 'identity_cache_requests_total',
    help: 'Look-ups in the caches: a hit is one that did not wait for the network.',
    labels: ['cache', 'result'],
  },
  cacheEntries: {
    name: 'identity_cache_entries',
    help: 'Entries that hold a value.',
    labels: ['cache'],
  },
  upstreamRequests: {
    name: 'identity_upstream_requests_total',
    help: 'Requests to providers by document and outcome, each attempt on its own.',
    labels: ['endpoint', 'outcome'],
  },
  upstreamDuration: {
    name: 'identity_upstream_request_duration_seconds',
    help: 'How long requests to providers took.',
    labels: ['endpoint'],
  },
  // The age says that renewals have stopped before a token is rejected for it.
  keySetAge: {
    name: 'identity_key_set_age_seconds',
    help: 'Time since the keys of an issuer were fetched; absent while there are none.',
    labels: ['issuer'],
  },
  keySetKeys: {
    name: 'identity_key_set_keys',
    help: 'Keys of an issuer that can verify signatures.',
    labels: ['issuer'],
  },
  // An enum as one series for each state: `identity_state{state="expired"} == 1` is the alert, and no state goes missing.
  state: {
    name: 'identity_state',
    help: '1 for the state that a document of an issuer is in, 0 for the others.',
    labels: ['issuer', 'document', 'state'],
  },
  // What replicas share. Absent without the option "store".
  storeRequests: {
    name: 'identity_store_requests_total',
    help: 'Uses of the store that replicas share: spared are those that did not ask it, because it had failed just before.',
    labels: ['result'],
  },
  storeDuration: {
    name: 'identity_store_request_duration_seconds',
    help: 'How long the store took to answer, or to fail.',
    labels: ['outcome'],
  },
  storeUp: {
    name: 'identity_store_up',
    help: '1 if the store answered the last question, 0 if it did not.',
    // One value yet. Without a label prom-client would say 0 where there is no store.
    labels: ['store'],
  },
} as const;
