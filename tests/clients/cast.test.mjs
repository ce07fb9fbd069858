import { test } from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BYTES32, CREDIT, MNEMONIC, ORDERS, STRANGER, cast, contracts, ready } from './chain.mjs';

const program = cast();
const skip = program === undefined && 'npm has no cast for this machine; name one with $CAST';
const { Board } = contracts();
const KEY = ['--mnemonic', MNEMONIC, '--mnemonic-index', '6'];
const OWN = '0x976EA74026E726554dB657fA54763abd0C3a0aa9';

/** What cast prints. It is asked for nothing but this node. */
async function run(...args) {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, ETH_RPC_URL: ready.http };
  const { stdout } = await promisify(execFile)(program, args, { env, timeout: 30_000 });
  return stdout.trim();
}
const json = async (...args) => JSON.parse(await run(...args, '--json'));

let address;
const deployed = async () => {
  if (address === undefined) {
    const receipt = await json('send', ...KEY, '--create', Board.bytecode, 'constructor(uint256)', '7');
    assert.equal(receipt.status, '0x1');
    address = receipt.contractAddress;
  }
  return address;
};

test('cast: the chain names itself', { skip }, async () => {
  assert.equal(await run('chain-id'), String(ready.chainId));
  assert.match(await run('client'), /^dure\//);
  assert.equal(await run('wallet', 'address', ...KEY), OWN);
  assert.equal(await run('balance', OWN), '0');
  assert.equal(await run('gas-price'), '0');
  assert.equal(await run('base-fee'), '0');
});

test('cast: a contract is deployed, called and sent to', { skip }, async () => {
  const to = await deployed();
  assert.equal(await run('call', to, 'value()(uint256)'), '7');
  const receipt = await json('send', ...KEY, to, 'write(uint256,string)', '8', 'meant');
  assert.equal(receipt.status, '0x1');
  assert.equal(receipt.logs.length, 1);
  assert.equal(await run('call', to, 'value()(uint256)'), '8');
  assert.equal(await run('call', to, 'value()(uint256)', '--block', String(Number(receipt.blockNumber) - 1)), '7');
  assert.equal(BigInt(await run('storage', to, '0')), 8n);
  assert.notEqual(await run('code', to), '0x');
  assert.equal((await json('receipt', receipt.transactionHash)).blockHash, receipt.blockHash);
  assert.equal((await json('tx', receipt.transactionHash)).from.toLowerCase(), OWN.toLowerCase());
  assert.equal((await json('block', String(Number(receipt.blockNumber)))).hash, receipt.blockHash);
});

test('cast: a transaction is sent in the legacy form too', { skip }, async () => {
  const receipt = await json('send', ...KEY, '--legacy', await deployed(), 'write(uint256,string)', '9', 'legacy');
  assert.deepEqual([receipt.status, receipt.type], ['0x1', '0x0']);
});

test('cast: a failing call says why', { skip }, async () => {
  const to = await deployed();
  // TooLarge(uint256,uint256) with 1001 and 1000: cast does not know the contract's ABI.
  await assert.rejects(run('call', to, 'write(uint256,string)', '1001', 'x'), /3e9.*3e8/s);
  await assert.rejects(run('estimate', '--from', OWN, to, 'write(uint256,string)', '1001', 'x'), /execution reverted/);
});

test('cast: words by which a contract refuses reach the person', { skip }, async () => {
  await assert.rejects(run('call', await deployed(), 'refuseInWords()'), /execution reverted: the board is closed/);
});

test('cast: logs are found by event and topic', { skip }, async () => {
  const to = await deployed();
  const receipt = await json('send', ...KEY, to, 'write(uint256,string)', '333', 'sought');
  const logs = await json('logs', '--address', to, '--from-block', '0', 'Written(address indexed,uint256 indexed,string)', OWN, '333');
  assert.deepEqual(logs.map((log) => log.transactionHash), [receipt.transactionHash]);
});

test('cast: a credit is transferred, and a module\'s refusal reaches the person', { skip }, async () => {
  const before = BigInt((await run('call', CREDIT, 'balanceOf(address)(uint256)', STRANGER)).split(' ')[0]);
  const receipt = await json('send', ...KEY, CREDIT, 'transfer(address,uint256)(bool)', STRANGER, '125');
  assert.equal(receipt.status, '0x1');
  assert.equal(BigInt((await run('call', CREDIT, 'balanceOf(address)(uint256)', STRANGER)).split(' ')[0]), before + 125n);
  const selector = (await run('sig', 'UnknownOrder(bytes32)')).slice(2);
  await assert.rejects(run('call', ORDERS, 'acceptOrder(bytes32)', BYTES32), new RegExp(selector));
});

test('cast: what a transaction did can be traced', { skip }, async () => {
  const receipt = await json('send', ...KEY, await deployed(), 'write(uint256,string)', '10', 'traced');
  const trace = JSON.parse(await run('rpc', 'debug_traceTransaction', receipt.transactionHash, '{"tracer":"callTracer"}'));
  assert.equal(trace.to.toLowerCase(), address.toLowerCase());
  assert.equal(trace.type, 'CALL');
});
