/**
 * A certificate for `localhost` and `127.0.0.1` that signed itself, and its private key. Nobody trusts it but a
 * module that is told to, and it protects nothing: anybody can read the key here.
 */
export const LOOPBACK_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBmjCCAUGgAwIBAgIUaERsNIZG1DAEqnFjwoz2zYDkPDowCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNDEzMDg1NloYDzIxMjYxMDMx
MTMwODU2WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAATn2HH59cE5A0/TiPIsYERUBr145oLOR9ZJRwwoQUGg90NKbJmYaCzj
VXj2trHneWdkgz+9TQkT2LBsU89glqs3o28wbTAdBgNVHQ4EFgQUah0ER/WrFPmk
9LPaLuh1ezKtQo8wHwYDVR0jBBgwFoAUah0ER/WrFPmk9LPaLuh1ezKtQo8wDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDRwAwRAIgN5mvRzlcikQazbqruJRm8iobyROEJEMDyhEgih2p0IoCIHjn
1VzCehxjkxFKulpqP7PhsDzBPD8fB7Q+UdpvhGk/
-----END CERTIFICATE-----
`;

export const LOOPBACK_KEY = `-----BEGIN EC PRIVATE KEY-----
MHcCAQEEICgU0SvVoDq3ABXGJBdsJUQygTt8Nc4hFTVi6HxvR7GaoAoGCCqGSM49
AwEHoUQDQgAE59hx+fXBOQNP04jyLGBEVAa9eOaCzkfWSUcMKEFBoPdDSmyZmGgs
41V49rax53lnZIM/vU0JE9iwbFPPYJarNw==
-----END EC PRIVATE KEY-----
`;
