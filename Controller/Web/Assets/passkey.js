// Passkeys: making one, and signing an order with one. What the page is to ask for stands in its data attributes; nothing
// of a passkey's making goes to the controller, which could do nothing with it.

import "/assets/live.js";

const es256 = -7; // COSE (RFC 9053), the one algorithm that hosts verify
const patience = 120_000; // milliseconds for a person to find the key

function say(sentence) {
  document.getElementById("passkey-state").textContent = sentence;
}

/** Base 64 for URLs, without padding. */
function encoded(buffer) {
  const text = btoa(String.fromCharCode(...new Uint8Array(buffer)));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function decoded(text) {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
}

function random(count) {
  return crypto.getRandomValues(new Uint8Array(count));
}

/** What the page lists as DOMAIN:CREDENTIAL, one after the other, of the domains that this page may ask for. */
function listed(element) {
  return element.dataset.passkeys
    .split(" ")
    .map((entry) => entry.split(":"))
    .filter(([domain, id]) => id && (location.hostname === domain || location.hostname.endsWith("." + domain)))
    .map(([domain, id]) => ({ domain, credential: { type: "public-key", id: decoded(id) } }));
}

/** What a browser's refusal means; its own words say little on purpose. */
function reason(error) {
  switch (error.name) {
    case "NotAllowedError":
      return "Nothing was made or signed: it was called off, it took too long, or no key at hand is asked for and could verify you.";
    case "InvalidStateError":
      return "This key holds a passkey that is listed already.";
    case "SecurityError":
      return "The browser takes passkeys only where the console is opened by name, not by address.";
    case "NotSupportedError":
    case "ConstraintError":
      return "This key cannot do what is needed: ES256, and verifying you by PIN or otherwise.";
    default:
      return error.message;
  }
}

async function register(section) {
  const credential = await navigator.credentials.create({
    publicKey: {
      rp: { name: "Cordon" },
      user: { id: random(32), name: section.dataset.person, displayName: section.dataset.person },
      challenge: random(32), // Nobody asks which authenticator it is: whoever holds the policy root decides by person.
      pubKeyCredParams: [{ type: "public-key", alg: es256 }],
      authenticatorSelection: { residentKey: "discouraged", userVerification: "required" },
      excludeCredentials: listed(section).map((entry) => entry.credential),
      attestation: "none",
      timeout: patience,
    },
  });
  const answer = credential.response;
  const info = new Uint8Array(answer.getPublicKey() ?? []); // SubjectPublicKeyInfo; the point is its end
  const isVerified = (new Uint8Array(answer.getAuthenticatorData())[32] & 4) !== 0;
  if (answer.getPublicKeyAlgorithm() !== es256 || info.length !== 91) throw new Error("The key made another than ES256.");
  if (!isVerified) throw new Error("The key did not verify who you are: set a PIN for it, and try again.");
  const point = info.slice(-65);
  const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", point)).slice(0, 16);
  const name = [...sum].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const line = `cordon-passkey:es256:${location.hostname}:${encoded(credential.rawId)}:${encoded(point)}`;
  document.getElementById("passkey-line").textContent = line;
  document.getElementById("passkey-name").textContent = name;
  document.getElementById("passkey-made").hidden = false;
  return "Made. It counts once whoever holds the policy root has listed it.";
}

async function sign(form) {
  const entries = listed(form).sort((one, other) => other.domain.length - one.domain.length);
  if (entries.length === 0) {
    throw new Error(`No passkey that could sign is listed for ${location.hostname}. Open the console by the name it was made at.`);
  }
  const domain = entries[0].domain;
  const credential = await navigator.credentials.get({
    publicKey: {
      rpId: domain,
      challenge: decoded(form.dataset.challenge),
      allowCredentials: entries.filter((entry) => entry.domain === domain).map((entry) => entry.credential),
      userVerification: "required",
      timeout: patience,
    },
  });
  const answer = credential.response;
  form.elements.credential.value = encoded(credential.rawId);
  form.elements.authenticator_data.value = encoded(answer.authenticatorData);
  form.elements.client_data.value = encoded(answer.clientDataJSON);
  form.elements.signature.value = encoded(answer.signature);
  form.submit();
  return "Signed; sending it.";
}

for (const [id, work] of [["passkey-register", register], ["passkey-sign", sign]]) {
  const place = document.getElementById(id);
  const button = place?.querySelector("button");
  if (!button) continue;
  if (!window.PublicKeyCredential) {
    say("This browser has no passkeys here: it needs https, and the console opened by name.");
    continue;
  }
  button.disabled = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    say("Waiting for your key.");
    try {
      say(await work(place));
    } catch (error) {
      say(reason(error));
      button.disabled = false;
    }
  });
}
