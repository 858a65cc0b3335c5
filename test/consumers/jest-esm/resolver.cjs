// jwks-rsa is CommonJS and requires jose, an ES module, which Jest's require does not load before Node 24.9. What the library asks of
// jwks-rsa uses no jose.
module.exports = (request, options) => {
  const isRequired = request === 'jose' && options.conditions.includes('require');
  return options.defaultResolver(isRequired ? `${__dirname}/jose.cjs` : request, options);
};
