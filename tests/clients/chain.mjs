// What every test of clients needs: the node that `run` started, its accounts, the contracts, and the ABI that the chain serves.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRequire } from 'node:module';

const here = path.dirname(fileURLToPath(import.meta.url));

/** The first line of the node. */
export const ready = JSON.parse(process.env.DURE_READY ?? 'null');
if (ready?.event !== 'ready') throw new Error('no node is named; hint: start the tests by tests/clients/run');

export const MNEMONIC = 'test test test test test test test test test test test junk';
/** The town's credit, an ERC-20 kept by the rules (crates/rules/src/credits). */
export const CREDIT = '0xd00ec00000000000000000000000000000000001';
/** The orders module (docs of crates/rules/src/orders). */
export const ORDERS = '0xd00e000000000000000000000000000000000010';
/** What each account of the mnemonic begins with, minor units. */
export const MONEY = 1_000_000n;
/** Nobody's account. */
export const STRANGER = '0x00000000000000000000000000000000000000aa';
export const BYTES32 = `0x${'11'.repeat(32)}`;

/** The ABI that the chain gives out, one of abi/*.json. */
export const abi = (name) => JSON.parse(fs.readFileSync(path.join(here, '../../abi', `${name}.json`), 'utf8'));

/** The contracts of sol/Clients.sol: name → { abi, bytecode }. Stock solc, all for one run. */
export function contracts() {
  const solc = createRequire(import.meta.url)('solc');
  const content = fs.readFileSync(path.join(here, 'sol/Clients.sol'), 'utf8');
  const settings = { optimizer: { enabled: true, runs: 200 }, outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } } };
  const output = JSON.parse(solc.compile(JSON.stringify({ language: 'Solidity', sources: { 'Clients.sol': { content } }, settings })));
  const errors = (output.errors ?? []).filter((error) => error.severity === 'error');
  if (errors.length > 0) throw new Error(errors.map((error) => error.formattedMessage).join('\n'));
  return Object.fromEntries(
    Object.entries(output.contracts['Clients.sol']).map(([name, made]) => [
      name,
      { abi: made.abi, bytecode: `0x${made.evm.bytecode.object}` },
    ]),
  );
}

/** One JSON-RPC request as it goes over the wire, for what a library hides. */
export async function rpc(method, ...params) {
  const response = await fetch(ready.http, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  return response.json();
}

/** Resolves as `promise`, or fails after `ms`: a subscription that says nothing must not hang the tests. */
export function within(ms, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing within ${ms} ms`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Foundry's cast where npm has it for this machine, else the one that $CAST names. */
export const cast = () =>
  process.env.CAST ??
  [path.join(here, 'node_modules/@foundry-rs/cast-linux-amd64/bin/cast')].find((file) => fs.existsSync(file) && process.arch === 'x64');
