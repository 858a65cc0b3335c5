// jwks-rsa is CommonJS and requires jose, an ES module. Jest's require loads none before Node 24.9, and takes this one for
// a cycle from there on; Node's own loads it in every version that the library supports.
module.exports = (request, options) => {
  const isRequired = request === 'jose' && options.conditions.includes('require');
  return options.defaultResolver(isRequired ? `${__dirname}/jose.cjs` : request, options);
};
