import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { AdresslistaError } from "../errors.js";

/**
 * Callers' secrets as the store keeps them: `scrypt$17$8$1$salt$hash`, that is log2 N, r, p, and salt and hash in
 * base64url (contract section 3, verifier `secret`).
 */
const LOG2_N = 17;
const BLOCK_SIZE = 8;
const PARALLELISM = 1;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** scrypt needs 128 × N × r bytes, here 128 MiB, and node allows 32 unless told. */
const MAX_MEMORY_BYTES = 256 * 1024 * 1024;
/** 192 bits: 32 characters of base64url. */
const NEW_SECRET_BYTES = 24;

const STORED = /^scrypt\$(\d{1,2})\$(\d{1,2})\$(\d{1,2})\$([\w-]+)\$([\w-]+)$/;

/** A secret that nobody can guess, in characters that every portal's configuration can hold. */
export function newSecret(): string {
  return randomBytes(NEW_SECRET_BYTES).toString("base64url");
}

export async function hashSecret(secret: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(secret, salt, HASH_BYTES, { log2N: LOG2_N, r: BLOCK_SIZE, p: PARALLELISM });
  return stored(salt, hash);
}

/** Takes a third of a second and 128 MiB. Throws when `hashed` is not what `hashSecret` writes. */
export async function verifySecret(secret: string, hashed: string): Promise<boolean> {
  const [, log2N, r, p, salt, hash] = STORED.exec(hashed) ?? [];
  if (salt === undefined || hash === undefined) {
    throw new AdresslistaError("database", "the stored hash of a caller's secret is damaged");
  }
  const expected = Buffer.from(hash, "base64url");
  const costs = { log2N: Number(log2N), r: Number(r), p: Number(p) };
  const actual = await derive(secret, Buffer.from(salt, "base64url"), expected.length, costs);
  return timingSafeEqual(actual, expected);
}

/** A hash that costs as much to verify as a real one and that no secret is known for. */
export function unmatchableHash(): string {
  return stored(randomBytes(SALT_BYTES), randomBytes(HASH_BYTES));
}

function stored(salt: Buffer, hash: Buffer): string {
  return `scrypt$${LOG2_N}$${BLOCK_SIZE}$${PARALLELISM}$${salt.toString("base64url")}$${hash.toString("base64url")}`;
}

interface Costs {
  readonly log2N: number;
  readonly r: number;
  readonly p: number;
}

function derive(secret: string, salt: Buffer, bytes: number, { log2N, r, p }: Costs): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(secret, salt, bytes, { N: 2 ** log2N, r, p, maxmem: MAX_MEMORY_BYTES }, (error, key) => {
      if (error === null) resolve(key);
      else
        reject(new AdresslistaError("internal", "a caller's secret could not be checked", { cause: error }));
    });
  });
}
