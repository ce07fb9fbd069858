import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { Contract, ContractFactory, HDNodeWallet, JsonRpcProvider, Mnemonic, NonceManager, WebSocketProvider, getAddress, id, isError, zeroPadValue } from 'ethers';
import { BYTES32, CREDIT, MNEMONIC, ORDERS, STRANGER, abi, contracts, ready, within } from './chain.mjs';

// Nothing is taken from a cache: two questions for the nonce of one account within a quarter of a second are two questions.
const provider = new JsonRpcProvider(ready.http, ready.chainId, { staticNetwork: true, cacheTimeout: -1, pollingInterval: 50 });
const wallet = (index) => HDNodeWallet.fromMnemonic(Mnemonic.fromPhrase(MNEMONIC), `m/44'/60'/0'/0/${index}`).connect(provider);
const [dana, emil, fay] = [3, 4, 5].map(wallet);
const { Board } = contracts();

let board;
let live;
before(async () => {
  live = new WebSocketProvider(ready.ws, ready.chainId, { staticNetwork: true });
  board = await new ContractFactory(Board.abi, Board.bytecode, dana).deploy(7n);
  await within(10_000, 'deployment', board.waitForDeployment());
});
after(async () => {
  await live.destroy();
  provider.destroy();
});

async function failure(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new assert.AssertionError({ message: 'it did not fail' });
}

test('ethers: the chain names itself', async () => {
  const asked = new JsonRpcProvider(ready.http); // without being told which network it is
  assert.equal((await asked.getNetwork()).chainId, BigInt(ready.chainId));
  asked.destroy();
  assert.equal(dana.address, '0x90F79bf6EB2c4f870365E785982E1f101E93b906');
  assert.equal(await provider.getBalance(dana.address), 0n);
});

test('ethers: a contract is deployed, read, written, and its event decoded', async () => {
  assert.notEqual(await provider.getCode(await board.getAddress()), '0x');
  assert.equal(await board.value(), 7n);
  const receipt = await (await board.write(8n, 'meant')).wait();
  assert.equal(receipt.status, 1);
  assert.equal(receipt.gasPrice, 0n);
  assert.equal(await board.value(), 8n);
  assert.deepEqual([...receipt.logs[0].args], [dana.address, 8n, 'meant']);
  assert.equal(await board.write.staticCall(9n, 'simulated'), 8n);
});

test('ethers: a failing call says why: custom error, words, panic', async () => {
  const custom = await failure(board.write.staticCall(1_001n, 'too much'));
  assert.ok(isError(custom, 'CALL_EXCEPTION'));
  assert.equal(custom.revert.name, 'TooLarge');
  assert.deepEqual([...custom.revert.args], [1_001n, 1_000n]);
  assert.equal((await failure(board.refuseInWords())).reason, 'the board is closed');
  assert.match((await failure(board.divide(0n))).reason, /DIVIDE_BY_ZERO/);
  const sent = await failure(board.write(1_001n, 'estimated first'));
  assert.equal(board.interface.parseError(sent.data).name, 'TooLarge'); // ethers itself decodes what calls say, not estimates
});

test('ethers: a reverting transaction is included with status 0 when its gas is given', async () => {
  const sent = await board.write(2_000n, 'too much', { gasLimit: 200_000n });
  const failed = await failure(sent.wait());
  assert.ok(isError(failed, 'CALL_EXCEPTION'));
  assert.equal(failed.receipt.status, 0);
});

test('ethers: what no block would ever hold is refused at the door, and says why', async () => {
  const refusal = async (gasLimit) => (await failure(board.write(1n, 'never', { gasLimit }))).error.message;
  assert.match(await refusal(20_000_000n), /gas limit \(20000000\) is greater than the cap \(16777216\)/);
  assert.match(await refusal(21_000n), /gas cost \(\d+\) exceeds the gas limit \(21000\)/);
});

test('ethers: an estimate is enough', async () => {
  const gasLimit = await board.write.estimateGas(9n, 'estimated');
  assert.equal((await (await board.write(9n, 'estimated', { gasLimit })).wait()).status, 1);
});

test('ethers: logs are found by indexed value, and older heights answer', async () => {
  const receipt = await (await board.write(333n, 'sought')).wait();
  await (await board.write(334n, 'later')).wait();
  const found = await board.queryFilter(board.filters.Written(null, 333n), 0, 'latest');
  assert.deepEqual(found.map((log) => log.transactionHash), [receipt.hash]);
  assert.equal(found[0].args.why, 'sought');
  const topics = [id('Written(address,uint256,string)'), null, [zeroPadValue('0x014d', 32), zeroPadValue('0x014e', 32)]];
  assert.equal((await provider.getLogs({ address: await board.getAddress(), topics, fromBlock: receipt.blockNumber })).length, 2);
  assert.equal((await provider.getLogs({ address: await board.getAddress(), topics, blockHash: receipt.blockHash })).length, 1);
  assert.equal(await board.value({ blockTag: receipt.blockNumber }), 333n);
  assert.equal(await board.value(), 334n);
});

test('ethers: events and blocks are heard over WebSocket', async () => {
  const heard = new Contract(await board.getAddress(), Board.abi, live);
  const event = new Promise((resolve) => heard.once(heard.filters.Written(null, 44n), ({ args }) => resolve([...args])));
  const head = new Promise((resolve) => live.once('block', resolve));
  await new Promise((resolve) => setTimeout(resolve, 300)); // ethers does not say when it is subscribed
  const receipt = await (await board.write(44n, 'asked for')).wait();
  assert.deepEqual(await within(10_000, 'event', event), [dana.address, 44n, 'asked for']);
  assert.ok((await within(10_000, 'head', head)) <= receipt.blockNumber);
});

test('ethers: events are heard by polling a filter', async () => {
  const event = new Promise((resolve) => board.once(board.filters.Written(null, 45n), ({ args }) => resolve(args.why)));
  await new Promise((resolve) => setTimeout(resolve, 300));
  await (await board.write(45n, 'polled')).wait();
  assert.equal(await within(10_000, 'event', event), 'polled');
});

test('ethers: a block is the same by number, by hash and with its transactions', async () => {
  const receipt = await (await board.write(11n, 'in a block')).wait();
  const block = await provider.getBlock(receipt.blockNumber, true);
  assert.equal(block.hash, receipt.blockHash);
  assert.equal((await provider.getBlock(receipt.blockHash)).number, receipt.blockNumber);
  assert.ok(block.prefetchedTransactions.some((transaction) => transaction.hash === receipt.hash));
  assert.equal(block.baseFeePerGas, 0n);
  assert.equal(await provider.getBlock(2 ** 40), null);
});

test('ethers: transactions of types 0, 1, 2 are taken', async () => {
  const more = { 0: { gasPrice: 0n }, 1: { gasPrice: 0n, accessList: [] }, 2: { maxFeePerGas: 0n, maxPriorityFeePerGas: 0n } };
  for (const type of [0, 1, 2]) {
    const receipt = await (await board.connect(emil).write(1n, `type ${type}`, { type, ...more[type] })).wait();
    assert.equal(receipt.status, 1);
    assert.equal((await provider.getTransaction(receipt.hash)).type, type);
  }
});

test('ethers: an account takes on a contract\'s code by EIP-7702 and gives it up again', async () => {
  const become = async (address) => {
    const nonce = await fay.getNonce();
    const authorizationList = [await fay.authorize({ address, nonce: nonce + 1, chainId: ready.chainId })];
    const sent = await fay.sendTransaction({ type: 4, to: STRANGER, nonce, authorizationList, gasLimit: 100_000n, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n });
    assert.equal((await sent.wait()).status, 1);
  };
  await become(await board.getAddress());
  assert.equal(await provider.getCode(fay.address), `0xef0100${(await board.getAddress()).slice(2).toLowerCase()}`);
  await become(`0x${'00'.repeat(20)}`);
  assert.equal(await provider.getCode(fay.address), '0x');
});

test('ethers: there are no fees', async () => {
  assert.equal((await provider.getFeeData()).gasPrice, 0n);
  const history = await provider.send('eth_feeHistory', ['0x2', 'latest', [50]]);
  assert.ok(history.baseFeePerGas.every((fee) => BigInt(fee) === 0n));
});

test('ethers: ten transactions at once through a nonce manager are all included', async () => {
  const manager = new NonceManager(emil);
  const through = board.connect(manager);
  const from = await provider.getTransactionCount(emil.address);
  const sent = [];
  for (let i = 0; i < 10; i++) sent.push(through.write(BigInt(i), `parallel ${i}`, { gasLimit: 120_000n }));
  const receipts = await Promise.all((await Promise.all(sent)).map((one) => one.wait()));
  assert.ok(receipts.every((receipt) => receipt.status === 1));
  assert.equal(await provider.getTransactionCount(emil.address), from + 10);
  const late = await failure(emil.sendTransaction({ to: STRANGER, nonce: from, gasLimit: 21_000n }));
  assert.ok(isError(late, 'NONCE_EXPIRED'), late.message);
});

test('ethers: a credit is an ERC-20, and what modules refuse comes as their named errors', async () => {
  const credit = new Contract(CREDIT, abi('credit'), emil);
  assert.equal(await credit.symbol(), 'TOWN');
  const before = await credit.balanceOf(STRANGER);
  const receipt = await (await credit.transfer(STRANGER, 250n)).wait();
  assert.deepEqual([...receipt.logs[0].args], [emil.address, getAddress(STRANGER), 250n]);
  assert.equal(await credit.balanceOf(STRANGER), before + 250n);
  assert.equal(await credit.balanceOf(STRANGER, { blockTag: receipt.blockNumber - 1 }), before);
  const poor = await failure(credit.transfer.staticCall(STRANGER, 1n << 60n));
  assert.equal(poor.revert.name, 'Insufficient');
  const orders = new Contract(ORDERS, abi('orders'), emil);
  const unknown = await failure(orders.acceptOrder.staticCall(BYTES32));
  assert.equal(unknown.revert.name, 'UnknownOrder');
  assert.deepEqual([...unknown.revert.args], [BYTES32]);
});
