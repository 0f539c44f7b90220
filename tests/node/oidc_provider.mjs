// A real OpenID provider (the certified `oidc-provider`) on loopback, with its development login pages.
// argv[2]: {"client_id", "client_secret", "redirect_uri", "accounts": {login: {email, email_verified}}}
import { createServer } from "node:http";
import { generateKeyPairSync } from "node:crypto";
import { Provider } from "oidc-provider";

const given = JSON.parse(process.argv[2]);
const key = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" });
const quiet = () => {};
console.warn = quiet;
console.info = quiet;

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: given.client_id,
        client_secret: given.client_secret,
        redirect_uris: [given.redirect_uri],
        grant_types: ["authorization_code"],
        response_types: ["code"],
      },
    ],
    jwks: { keys: [{ ...key, kid: "one", use: "sig", alg: "RS256" }] },
    cookies: { keys: ["for tests only"] },
    claims: { openid: ["sub"], email: ["email", "email_verified"] },
    pkce: { required: () => true },
    features: { devInteractions: { enabled: true } },
    findAccount: (_, id) =>
      id in given.accounts ? { accountId: id, claims: () => ({ sub: id, ...given.accounts[id] }) } : undefined,
  });
  server.on("request", provider.callback());
  process.stdout.write(`${issuer}\n`);
});
process.stdin.on("end", () => process.exit(0)).resume(); // whoever started it has gone
