// What the tests of type 0x76 share: clients of stock viem/tempo, and a passkey.
import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { PublicKey } from 'ox';
import { createPublicClient, createWalletClient, defineChain, http } from 'viem';
import { mnemonicToAccount } from 'viem/accounts';
import { Account, Chain } from 'viem/tempo';
import { MNEMONIC, ready, within } from './chain.mjs';

const own = {
  id: ready.chainId, name: 'Dure', nativeCurrency: { name: 'none', symbol: 'NONE', decimals: 18 }, rpcUrls: { default: { http: [ready.http] } },
};
/** As for any chain; and with what viem knows of Tempo's transactions, which estimates of batches need. */
export const plain = defineChain(own);
export const chain = defineChain({ ...Chain.tempo, ...own, blockExplorers: undefined, contracts: {}, feeToken: undefined });

export const pub = createPublicClient({ chain: plain, transport: http(), pollingInterval: 50, cacheTime: 0 });
export const wallet = (account, on = chain) => createWalletClient({ account, chain: on, transport: http() });
/** A well-known account as a wallet like MetaMask has it. */
export const ordinary = (addressIndex) => mnemonicToAccount(MNEMONIC, { addressIndex });
/** A well-known account as one of Tempo's kind: it signs batches and key authorisations. */
export const root = (addressIndex) =>
  Account.fromSecp256k1(`0x${Buffer.from(mnemonicToAccount(MNEMONIC, { addressIndex }).getHdKey().privateKey).toString('hex')}`);
export const mined = async (hash) => within(10_000, 'receipt', pub.waitForTransactionReceipt({ hash }));

/**
 * A passkey: the authenticator is WebCrypto, the browser's part is written here (W3C Web Authentication, 5.8.1 and 6.1). With `access`:
 * as an access key of that account, which viem's own function for passkeys leaves to `Account.from`.
 */
export async function passkey({ access } = {}) {
  const { subtle } = webcrypto;
  const pair = await subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign']);
  const publicKey = `0x${Buffer.from(await subtle.exportKey('raw', pair.publicKey)).toString('hex')}`;
  const integer = (bytes) => {
    const at = bytes.findIndex((byte) => byte !== 0);
    const short = bytes.subarray(at);
    const padded = short[0] > 127 ? Buffer.concat([Buffer.of(0), short]) : short;
    return Buffer.concat([Buffer.of(2, padded.length), padded]);
  };
  const getFn = async ({ publicKey: asked }) => {
    const challenge = Buffer.from(asked.challenge).toString('base64url');
    const clientDataJSON = Buffer.from(JSON.stringify({
      type: 'webauthn.get', challenge, origin: 'http://localhost:8545', crossOrigin: false,
      other_keys_can_be_added_here: 'do not compare clientDataJSON against a template. See https://goo.gl/yabPex',
    }));
    const digest = async (data) => Buffer.from(await subtle.digest('SHA-256', data));
    const authenticatorData = Buffer.concat([await digest(Buffer.from('localhost')), Buffer.of(0x1d), Buffer.alloc(4)]);
    const signed = Buffer.concat([authenticatorData, await digest(clientDataJSON)]);
    const raw = Buffer.from(await subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, pair.privateKey, signed));
    const body = Buffer.concat([integer(raw.subarray(0, 32)), integer(raw.subarray(32))]);
    return { id: 'test', response: { authenticatorData, clientDataJSON, signature: Buffer.concat([Buffer.of(0x30, body.length), body]) } };
  };
  const own = Account.fromWebAuthnP256({ id: 'test', publicKey }, { getFn, rpId: 'localhost' });
  if (!access) return own;
  return Account.from({ access, keyType: 'webAuthn', publicKey: PublicKey.fromHex(publicKey), sign: own.sign });
}

/** What the node said when it refused. */
export async function refused(promise) {
  try {
    await promise;
  } catch (error) {
    return error.details ?? error.message;
  }
  throw new assert.AssertionError({ message: 'it was taken' });
}
