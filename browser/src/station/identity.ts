/** Which station this browser is. Its key is made here, cannot be taken out of the browser, and signs every request. */

import type { PublicJwk } from "../crypto/keys.js";

export interface Identity {
  id: string;
  key: CryptoKey;
}

const DATABASE = "visavis-station";
const STORE = "identity";
const ONLY = "this";

/** A fresh key that nobody can read, and its public half as the server takes it. */
export async function freshKey(): Promise<{ key: CryptoKey; publicKey: string }> {
  const pair = (await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"])) as CryptoKeyPair;
  const { x } = (await crypto.subtle.exportKey("jwk", pair.publicKey)) as PublicJwk;
  return { key: pair.privateKey, publicKey: x };
}

/** The identity that is kept here, or null. */
export const kept = (): Promise<Identity | null> =>
  within("readonly", (store) => store.get(ONLY)).then((found) => (found as Identity | undefined) ?? null);

export const keep = (identity: Identity): Promise<unknown> => within("readwrite", (store) => store.put(identity, ONLY));

export const forget = (): Promise<unknown> => within("readwrite", (store) => store.delete(ONLY));

async function within(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest): Promise<unknown> {
  const database = await opened();
  try {
    const transaction = database.transaction(STORE, mode, { durability: "strict" });
    const request = act(transaction.objectStore(STORE));
    await new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
      transaction.onerror = () => reject(transaction.error);
    });
    return request.result;
  } finally {
    database.close();
  }
}

function opened(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
