'use strict';
// The system's colours; a page without scripts is light.
const dark = matchMedia('(prefers-color-scheme: dark)');
const paint = () => document.documentElement.setAttribute('data-bs-theme', dark.matches ? 'dark' : 'light');
dark.addEventListener('change', paint);
paint();

const bytes = text => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), c => c.charCodeAt(0));
const text = buffer => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');

function creation(o) {
  if (PublicKeyCredential.parseCreationOptionsFromJSON) return PublicKeyCredential.parseCreationOptionsFromJSON(o);
  return { ...o, challenge: bytes(o.challenge), user: { ...o.user, id: bytes(o.user.id) }, excludeCredentials: (o.excludeCredentials || []).map(c => ({ ...c, id: bytes(c.id) })) };
}

function request(o) {
  if (PublicKeyCredential.parseRequestOptionsFromJSON) return PublicKeyCredential.parseRequestOptionsFromJSON(o);
  return { ...o, challenge: bytes(o.challenge), allowCredentials: (o.allowCredentials || []).map(c => ({ ...c, id: bytes(c.id) })) };
}

function written(credential) {
  if (credential.toJSON) return credential.toJSON();
  const r = credential.response;
  const response = { clientDataJSON: text(r.clientDataJSON) };
  if (r.attestationObject) Object.assign(response, { attestationObject: text(r.attestationObject), transports: r.getTransports ? r.getTransports() : [] });
  else Object.assign(response, { authenticatorData: text(r.authenticatorData), signature: text(r.signature), userHandle: r.userHandle ? text(r.userHandle) : null });
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response, clientExtensionResults: credential.getClientExtensionResults(), authenticatorAttachment: credential.authenticatorAttachment };
}

// A form with data-passkey asks for a challenge, lets the browser answer it, and is sent with the answer.
async function ceremony(form) {
  const answer = await fetch(form.dataset.options, { method: 'POST', body: new URLSearchParams({ form: form.elements.form.value }) });
  const ceremony = await answer.json();
  if (!answer.ok) throw new Error(ceremony.title);
  const options = JSON.parse(ceremony.options);
  const credential = form.dataset.passkey === 'create'
    ? await navigator.credentials.create({ publicKey: creation(options) })
    : await navigator.credentials.get({ publicKey: request(options) });
  form.elements.ticket.value = ceremony.ticket;
  form.elements.credential.value = JSON.stringify(written(credential));
  form.submit();
}

document.addEventListener('submit', event => {
  const form = event.target;
  if (!form.dataset.passkey) return;
  event.preventDefault();
  const said = form.querySelector('[data-said]');
  said.textContent = '';
  ceremony(form).catch(e => { said.textContent = e.name === 'NotAllowedError' ? 'The browser did not prove a passkey. Try again, or choose another way.' : e.message; });
});

document.addEventListener('click', event => {
  const button = event.target.closest('[data-copy]');
  if (!button) return;
  navigator.clipboard.writeText(button.dataset.copy).then(() => { button.textContent = 'Copied'; });
});

document.addEventListener('DOMContentLoaded', () => document.body.setAttribute('data-scripts', ''));
