// The pages of passkeys: what a browser and its authenticator say to each other, and to /v1.
// The token of a session stays in this page's memory, and is gone with it.
"use strict";

(() => {
  const byId = (id) => document.getElementById(id);
  const registration = byId("register-passkey");
  const signIn = byId("sign-in");
  const form = registration || signIn;
  if (!form) return;
  const api = new URL(`${form.dataset.root}v1/`, window.location.href);
  let session = null;

  const toBytes = (text) => {
    const base64 = text.replace(/-/g, "+").replace(/_/g, "/");
    return Uint8Array.from(window.atob(base64), (each) => each.charCodeAt(0));
  };

  const toText = (buffer) => {
    const letters = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte));
    const base64 = window.btoa(letters.join(""));
    return base64.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  };

  const withBytes = (descriptor) => ({ ...descriptor, id: toBytes(descriptor.id) });

  const call = async (method, path, body, more = {}) => {
    const headers = { ...more };
    if (body !== undefined) headers["content-type"] = "application/json";
    if (session) headers.authorization = `Bearer ${session.token}`;
    const answer = await fetch(new URL(path, api), {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "omit",
      cache: "no-store",
    });
    const text = await answer.text();
    const value = text ? JSON.parse(text) : null;
    if (!answer.ok) {
      const fault = new Error((value && value.detail) || `The server answered ${answer.status}.`);
      fault.status = answer.status;
      throw fault;
    }
    return value;
  };

  const create = async ({ options }) => {
    const made = await navigator.credentials.create({
      publicKey: {
        ...options,
        challenge: toBytes(options.challenge),
        user: withBytes(options.user),
        excludeCredentials: (options.excludeCredentials || []).map(withBytes),
      },
    });
    return {
      id: made.id,
      rawId: toText(made.rawId),
      type: made.type,
      response: {
        clientDataJSON: toText(made.response.clientDataJSON),
        attestationObject: toText(made.response.attestationObject),
      },
    };
  };

  const get = async ({ options }) => {
    const got = await navigator.credentials.get({
      publicKey: { ...options, challenge: toBytes(options.challenge), allowCredentials: [] },
    });
    const { clientDataJSON, authenticatorData, signature, userHandle } = got.response;
    return {
      id: got.id,
      rawId: toText(got.rawId),
      type: got.type,
      response: {
        clientDataJSON: toText(clientDataJSON),
        authenticatorData: toText(authenticatorData),
        signature: toText(signature),
        userHandle: userHandle ? toText(userHandle) : null,
      },
    };
  };

  // What went wrong, in words for people.
  const worded = (fault) => {
    if (fault.name === "NotAllowedError") return "It was cancelled, or took too long.";
    if (fault.name === "InvalidStateError") return "This device has a passkey of yours already.";
    if (fault.status === 401) return "This passkey is not known here.";
    if (fault.status === 404) return "This link does not work any more.";
    if (fault.status === 429) return "Too many tries: wait a minute.";
    return fault.message;
  };

  // Runs one thing at a time, and says what went wrong.
  const during = (button, run) => async (event) => {
    event.preventDefault();
    byId("problem").textContent = "";
    button.disabled = true;
    try {
      await run();
    } catch (fault) {
      byId("problem").textContent = worded(fault);
    } finally {
      button.disabled = false;
    }
  };

  const register = async () => {
    const token = decodeURIComponent(window.location.pathname.split("/").pop());
    const challenge = await call("POST", "passkeys/registration-options", { token });
    const credential = await create(challenge);
    const { ceremony } = challenge;
    const name = byId("name").value;
    await call("POST", "passkeys", { token, ceremony, name, credential });
    form.hidden = true;
    byId("done").textContent = "Your passkey is set up. You can close this page, or sign in.";
    byId("next").hidden = false;
  };

  const button = (label, run) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = label;
    made.addEventListener("click", during(made, run));
    return made;
  };

  const row = (passkey) => {
    const path = `users/${passkey.user_id}/passkeys/${passkey.id}`;
    const item = document.createElement("li");
    const name = document.createElement("input");
    name.type = "text";
    name.value = passkey.name;
    name.maxLength = 100;
    name.setAttribute("aria-label", "Name of the passkey");
    const rename = button("Rename", async () => {
      await call("PATCH", path, { name: name.value });
      await list();
      byId("done").textContent = "It has its new name.";
    });
    const remove = button("Delete", async () => {
      await call("DELETE", path);
      await list();
      byId("done").textContent = "The passkey is deleted.";
    });
    item.append(name, rename, remove);
    return item;
  };

  const list = async () => {
    const page = await call("GET", `users/${session.user_id}/passkeys`);
    byId("passkeys").replaceChildren(...page.data.map(row));
  };

  const enter = async () => {
    const tenant = new URLSearchParams(window.location.search).get("tenant");
    const named = tenant ? { "muster-tenant": tenant } : {};
    const challenge = await call("POST", "passkeys/authentication-options", {}, named);
    const credential = await get(challenge);
    const { ceremony } = challenge;
    session = await call("POST", "passkeys/authenticate", { ceremony, credential });
    form.querySelector("button").hidden = true;
    byId("done").textContent = "You are signed in.";
    byId("account").hidden = false;
    await list();
  };

  // Ends the session on the server too; one that is over already is left alone.
  const leave = async () => {
    try {
      await call("DELETE", "session");
    } catch (fault) {
      if (fault.status !== 401) throw fault;
    }
    session = null;
    window.location.reload();
  };

  const submit = form.querySelector("button");
  form.addEventListener("submit", during(submit, registration ? register : enter));
  const signOut = byId("sign-out");
  if (signOut) signOut.addEventListener("click", during(signOut, leave));
})();
