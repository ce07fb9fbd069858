// What the browser tests need outside of the browser: a node of their own, keys, and a machine with its gateway, which speaks to the
// node as any gateway does. Nothing here imports the console.
import { spawn } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { AEAD_ChaCha20Poly1305, KDF_HKDF_SHA256, KEM_DHKEM_X25519_HKDF_SHA256 } from '@panva/hpke-noble';
import { CipherSuite } from 'hpke';
import { bytesToHex, concat, createWalletClient, decodeFunctionResult, encodeFunctionData, http, keccak256, numberToHex, size, stringToHex } from 'viem';
import { mnemonicToAccount } from 'viem/accounts';
import { front } from './front.mjs';

const DIST = process.env.DIST && path.resolve(process.env.DIST);

export const ORDERS = '0xd00e000000000000000000000000000000000010';
export const CREDIT = '0xd00ec00000000000000000000000000000000001';
const MNEMONIC = 'test test test test test test test test test test test junk';
/** The well-known accounts test/0 to test/9: members with money. */
export const account = (addressIndex) => mnemonicToAccount(MNEMONIC, { addressIndex });
export const abi = (name) => JSON.parse(fs.readFileSync(path.join(import.meta.dirname, '../../../abi', `${name}.json`), 'utf8'));
const ordersAbi = abi('orders');

const READY_MAX_MS = 60_000;

/** A node in a folder of its own; `stop` ends it, and `start` with the same folder and port goes on. */
export async function start({ folder = fs.mkdtempSync(path.join(process.env.DATA, 'node-')), port = 0, more = ['--empty'] } = {}) {
  const args = ['dev', '--http', `localhost:${DIST ? 0 : port}`, '--data', path.join(folder, 'chain'), '--json', ...more];
  const child = spawn(process.env.DURE, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = readline.createInterface({ input: child.stdout });
  const first = await within(READY_MAX_MS, 'the node', new Promise((resolve, reject) => {
    lines.once('line', resolve);
    child.once('exit', (code) => reject(new Error(`the node ended with ${code}`)));
  }));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const { http: own, chainId } = JSON.parse(first);
  const door = DIST && (await front(DIST, port, own));
  const url = door?.url ?? own;
  // A test that fails before it stops its node must not keep everybody waiting for it.
  child.unref();
  child.stdout.unref();
  process.once('exit', () => child.kill('SIGKILL'));
  return { url, chainId, folder, port: Number(new URL(url).port), stop: () => (door?.close(), child.ref(), child.kill('SIGTERM'), ended) };
}

export function within(ms, what, promise) {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error(`${what}: nothing within ${ms} ms`)), ms)));
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

export async function rpc(node, method, ...params) {
  const answer = await fetch(node.url, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  const { result, error } = await answer.json();
  if (error) throw Object.assign(new Error(error.message), error);
  return result;
}

export const wallet = (node, index) =>
  createWalletClient({
    account: account(index),
    chain: { id: node.chainId, name: 'Dure', nativeCurrency: { name: 'none', symbol: 'NONE', decimals: 18 }, rpcUrls: { default: { http: [node.url] } } },
    transport: http(),
  });

export async function mined(node, hash) {
  for (let looks = 0; looks < 200; looks++) {
    const receipt = await rpc(node, 'eth_getTransactionReceipt', hash);
    if (receipt) return receipt;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${hash} is in no block`);
}

export async function send(node, index, to, abi, functionName, args) {
  const receipt = await mined(node, await wallet(node, index).writeContract({ address: to, abi, functionName, args }));
  if (receipt.status !== '0x1') throw new Error(`${functionName} was refused`);
  return receipt;
}

export const orders = (node, index, functionName, args) => send(node, index, ORDERS, ordersAbi, functionName, args);

export const little = (value, bytes) => concat([`0x${numberToHex(value, { size: bytes }).slice(2).match(/../g).reverse().join('')}`]);
const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

const HOME = 'Anna Muster\nLindenweg 3';
const SALT = `0x${'77'.repeat(32)}`;
const suite = new CipherSuite(KEM_DHKEM_X25519_HKDF_SHA256, KDF_HKDF_SHA256, AEAD_ChaCha20Poly1305);

/** The address, sealed to a shop for one order: crates/gateways/src/seal.rs. */
async function seal(sealingKey, order) {
  const text = Buffer.from(HOME);
  const clear = Buffer.alloc(512);
  Buffer.from(SALT.slice(2), 'hex').copy(clear);
  clear.writeUInt16LE(text.length, 32);
  text.copy(clear, 34);
  const key = await suite.DeserializePublicKey(Buffer.from(sealingKey.slice(2), 'hex'));
  const sealed = await suite.Seal(key, clear, { info: Buffer.from('dure.address'), aad: Buffer.from(order.slice(2), 'hex') });
  return concat([bytesToHex(sealed.encapsulatedSecret), bytesToHex(sealed.ciphertext)]);
}

/** A P-256 key of a thing's own, as secure elements hold one. */
export class Key {
  #key = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });

  constructor() {
    const { x, y } = this.#key.publicKey.export({ format: 'jwk' });
    this.key = `0x${Buffer.concat([Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]).toString('hex')}`;
    this.borshKey = concat(['0x00', this.key]);
  }

  /** r ‖ s of sha256, with the low s. */
  sign(domain, payload) {
    const bytes = Buffer.concat([Buffer.from(domain), Buffer.from(payload.slice(2), 'hex')]);
    const signed = crypto.sign('sha256', bytes, { key: this.#key.privateKey, dsaEncoding: 'ieee-p1363' });
    const s = BigInt(`0x${signed.subarray(32).toString('hex')}`);
    const low = s > P256_ORDER / 2n ? P256_ORDER - s : s;
    return concat([`0x${signed.subarray(0, 32).toString('hex')}`, numberToHex(low, { size: 32 })]);
  }
}

/** A washing machine, and its gateway. */
export class Machine extends Key {
  #sequence = 0;

  constructor(node, name) {
    super();
    this.node = node;
    this.name = name;
    this.id = keccak256(concat([stringToHex('dure.device'), this.borshKey]));
  }

  /** The pairing document for `owner`, as a gateway gives it. */
  pairing(owner, arbiters) {
    const payload = concat([little(this.node.chainId, 8), ORDERS, owner, little(0, 4), this.borshKey]);
    return {
      v: 1, chainId: this.node.chainId, name: this.name, simulated: true, owner, model: '9521000000025', keyKind: 'p256', key: this.key,
      possession: this.sign('dure.device.possession', payload),
      slot: { number: 0, name: 'Detergent', unit: 'mL', capacity: 2000, threshold: 300, rearm: 1200, gtins: ['9521000000018'] },
      arbiters, addressCommitment: keccak256(concat([SALT, stringToHex(HOME)])), credit: CREDIT,
    };
  }

  link(owner, arbiters) {
    return `${this.node.url}/pair#${Buffer.from(JSON.stringify(this.pairing(owner, arbiters))).toString('base64url')}`;
  }

  /** Signs a body and has it relayed by an account that is nobody's. */
  async #say(body) {
    const newest = await rpc(this.node, 'eth_getBlockByNumber', 'latest', false);
    const payload = concat([
      little(this.node.chainId, 8), ORDERS, this.id, little(0, 1), little(0, 4), little(++this.#sequence, 8),
      little(Number(newest.number) - 1, 8), newest.parentHash, body,
    ]);
    return orders(this.node, 9, 'relayDevice', [payload, this.sign('dure.device.message', payload)]);
  }

  level(level) {
    return this.#say(concat(['0x00', little(level, 8)]));
  }

  /** Orders the first attempt of a cycle, without a delivery code. */
  async place(level, offer, { cycle = 0 } = {}) {
    const order = keccak256(concat([stringToHex('dure.order'), this.id, '0x00', little(cycle, 4), '0x01']));
    const { shop } = await this.view('offer', [offer]);
    const sealed = await seal((await this.view('shop', [shop])).sealingKey, order);
    return this.#say(concat(['0x01', little(level, 8), offer, `0x${'00'.repeat(32)}`, little(size(sealed), 4), sealed]));
  }

  async view(functionName, args) {
    const answer = await rpc(this.node, 'eth_call', { to: ORDERS, data: encode(functionName, args) }, 'latest');
    return decodeFunctionResult({ abi: ordersAbi, functionName, data: answer });
  }
}

/** A shop of account `index` without a page, whose goods may leave at once. Gives the offer's id. */
export async function stockShop(node, index, { name, gln, price, cancelMs = 0n }) {
  const { address } = account(index);
  const day = 86_400_000n;
  await orders(node, index, 'registerShop', [BigInt(gln), name, `0x${'33'.repeat(32)}`, CREDIT, address, 100_000n]);
  return publish(node, index, { price, cancelMs, day });
}

export async function publish(node, index, { price, cancelMs = 0n, day = 86_400_000n }) {
  const now = BigInt(Date.now());
  const terms = {
    gtin: 9521000000018n, content: 1500n, unit: 'mL', price, tax: 0n, shipping: 50n, cancelMs, shipByMs: 3n * day, deliverByMs: 10n * day,
    returnMs: 14n * day, arbiters: [account(8).address], defaultRefundPercent: 50, validUntilMs: now + 60n * day,
  };
  const receipt = await orders(node, index, 'publishOffer', [terms, 50]);
  const topic = keccak256(stringToHex('OfferPublished(bytes32,address,uint64)'));
  return receipt.logs.find((log) => log.topics[0] === topic).topics[1];
}

export const encode = (functionName, args) => encodeFunctionData({ abi: ordersAbi, functionName, args });
