// A real OpenID Connect provider (oidc-provider, a certified implementation) with a sign-in form of our own, so that a test chooses who comes and how they
// prove it. Usage: node provider.mjs settings.json, where the settings hold port, certificate, key, jwks and client.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { Provider } from 'oidc-provider';

const settings = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const issuer = `https://localhost:${settings.port}`;
const people = settings.people;

const provider = new Provider(issuer, {
  clients: [settings.client],
  jwks: settings.jwks,
  cookies: { keys: ['test only'] },
  claims: { openid: ['sub', 'groups'], profile: ['preferred_username'], acr: null, amr: null, auth_time: null, sid: null, iss: null },
  conformIdTokenClaims: settings.onlyUserInfo === true,
  acrValues: ['silver', 'gold'],
  pkce: { required: () => true },
  scopes: ['openid', 'profile'],
  ttl: { Session: 3600, Interaction: 600, Grant: 3600, IdToken: 300, AccessToken: 300, AuthorizationCode: 60 },
  features: {
    devInteractions: { enabled: false },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (ctx, form) => { ctx.body = `<!doctype html><title>Sign out</title>${form}<button id="end" form="op.logoutForm" name="logout" value="yes">End the session</button>`; },
    },
  },
  // It refuses addresses of this machine, as it should; here both live on one.
  fetch: (url, { dispatcher, ...options }) => globalThis.fetch(url, options),
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (ctx, id) => people[id] && { accountId: id, claims: () => ({ sub: id, ...people[id] }) },
  loadExistingGrant: async (ctx) => {
    const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope('openid profile');
    await grant.save();
    return grant;
  },
  renderError: (ctx, out) => { ctx.body = `<!doctype html><title>Refused</title><pre id="error">${JSON.stringify(out)}</pre>`; },
});

for (const event of ['backchannel.error', 'server_error', 'authorization.error', 'grant.error', 'end_session.error'])
  provider.on(event, (...told) => console.log(event, ...told.map((t) => (t instanceof Error ? `${t.message} ${t.error_description ?? ''} ${t.cause ?? ''}` : ''))));

const form = (uid) => `<!doctype html><title>Provider</title><form method="post" action="/interaction/${uid}">
<label>Who <input name="who" id="who"></label><label><input type="checkbox" name="strong" id="strong"> with a second factor</label>
<button id="go">Go on</button><button id="cancel" name="cancel" value="yes">Refuse</button></form>`;

const handler = provider.callback();
createServer({ cert: readFileSync(settings.certificate), key: readFileSync(settings.key) }, async (req, res) => {
  const match = /^\/interaction\/([\w-]+)$/.exec(req.url);
  if (!match) return handler(req, res);
  if (req.method === 'GET') {
    res.setHeader('content-type', 'text/html');
    return res.end(form(match[1]));
  }
  let body = '';
  for await (const part of req) body += part;
  const given = new URLSearchParams(body);
  const strong = given.get('strong') !== null;
  const result = given.get('cancel')
    ? { error: 'access_denied', error_description: 'the person <b>refused</b>' }
    : { login: { accountId: given.get('who'), acr: strong ? 'gold' : 'silver', amr: strong ? ['pwd', 'otp'] : ['pwd'], remember: true } };
  return provider.interactionFinished(req, res, result, { mergeWithLastSubmission: false });
}).listen(settings.port, '127.0.0.1', () => console.log('ready'));
