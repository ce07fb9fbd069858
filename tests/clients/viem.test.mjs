import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import {
  BaseError, ContractFunctionRevertedError, createPublicClient, createWalletClient, decodeErrorResult, encodeFunctionData,
  erc20Abi, getAddress, getContract, http, keccak256, parseEventLogs, stringToHex, webSocket,
} from 'viem';
import { mnemonicToAccount } from 'viem/accounts';
import { BYTES32, CREDIT, MNEMONIC, MONEY, ORDERS, STRANGER, abi, contracts, ready, rpc, within } from './chain.mjs';

const account = (addressIndex) => mnemonicToAccount(MNEMONIC, { addressIndex });
const [anna, bora, chen] = [0, 1, 2].map(account);
const chain = {
  id: ready.chainId, name: 'Dure', nativeCurrency: { name: 'none', symbol: 'NONE', decimals: 18 },
  rpcUrls: { default: { http: [ready.http], webSocket: [ready.ws] } },
};
const pub = createPublicClient({ chain, transport: http(), pollingInterval: 50, cacheTime: 0 });
const wallet = (account) => createWalletClient({ account, chain, transport: http() });
const { Board, Calls } = contracts();
const mined = async (hash) => within(10_000, 'receipt', pub.waitForTransactionReceipt({ hash }));

let board;
let live;
before(async () => {
  const receipt = await mined(await wallet(anna).deployContract({ ...Board, args: [7n] }));
  assert.equal(receipt.status, 'success');
  board = getContract({ address: receipt.contractAddress, abi: Board.abi, client: { public: pub, wallet: wallet(anna) } });
  live = createPublicClient({ chain, transport: webSocket() });
});
after(async () => (await live.transport.getRpcClient()).close());

/** The custom error by which a call was refused. */
async function refusal(promise) {
  try {
    await promise;
  } catch (error) {
    const reverted = error instanceof BaseError && error.walk((cause) => cause instanceof ContractFunctionRevertedError);
    if (reverted) return reverted;
    throw error;
  }
  throw new assert.AssertionError({ message: 'it was not refused' });
}

test('viem: the chain names itself, and has the well-known accounts as members with money', async () => {
  assert.equal(await pub.getChainId(), ready.chainId);
  assert.equal((await rpc('net_version')).result, String(ready.chainId));
  assert.match((await rpc('web3_clientVersion')).result, /^dure\//);
  assert.equal(anna.address, '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266');
  for (const index of [0, 1, 2, 9]) {
    const { address } = account(index);
    assert.equal((await rpc('dure_account', address)).result.class, 'member');
    assert.equal(await pub.readContract({ address: CREDIT, abi: erc20Abi, functionName: 'balanceOf', args: [address], blockNumber: 0n }), MONEY);
    assert.equal(await pub.getBalance({ address }), 0n);
  }
});

test('viem: a contract by stock solc is deployed, read, written, and its code is there', async () => {
  assert.equal(await board.read.value(), 7n);
  assert.ok((await pub.getCode({ address: board.address })).length > 100);
  const { result } = await board.simulate.write([8n, 'simulated'], { account: anna });
  assert.equal(result, 7n);
  assert.equal(await board.read.value(), 7n);
  const receipt = await mined(await board.write.write([8n, 'meant']));
  assert.equal(receipt.status, 'success');
  assert.equal(receipt.effectiveGasPrice, 0n);
  assert.equal(await board.read.value(), 8n);
  assert.equal(BigInt(await pub.getStorageAt({ address: board.address, slot: '0x0' })), 8n);
  const [event] = parseEventLogs({ abi: Board.abi, logs: receipt.logs });
  assert.deepEqual({ ...event.args }, { by: anna.address, value: 8n, why: 'meant' });
});

test('viem: a failing call says why: custom error, words, panic', async () => {
  const custom = await refusal(board.simulate.write([1_001n, 'too much'], { account: anna }));
  assert.equal(custom.data.errorName, 'TooLarge');
  assert.deepEqual(custom.data.args, [1_001n, 1_000n]);
  assert.equal((await refusal(board.read.refuseInWords())).reason, 'the board is closed');
  const panic = await refusal(board.read.divide([0n]));
  assert.equal(panic.data.errorName, 'Panic');
  assert.deepEqual(panic.data.args, [18n]);
});

test('viem: a reverting transaction is included with status 0 when its gas is given, and leaves nothing behind', async () => {
  const before = await board.read.writes([anna.address]);
  const receipt = await mined(await board.write.write([2_000n, 'too much'], { gas: 200_000n }));
  assert.equal(receipt.status, 'reverted');
  assert.equal(receipt.logs.length, 0);
  assert.equal(await board.read.writes([anna.address]), before);
});

test('viem: an estimate is enough and not much more than what is used', async () => {
  const gas = await board.estimateGas.write([9n, 'estimated'], { account: anna.address });
  const receipt = await mined(await board.write.write([9n, 'estimated'], { gas }));
  assert.equal(receipt.status, 'success');
  assert.ok(receipt.gasUsed <= gas && gas <= receipt.gasUsed * 2n, `${receipt.gasUsed} of ${gas}`);
  await assert.rejects(board.estimateGas.write([1_001n, 'never'], { account: anna.address }), /TooLarge/);
  assert.equal(await pub.estimateGas({ account: anna.address, to: STRANGER }), 21_000n);
});

test('viem: logs are found by address, event, indexed topic and range, and not otherwise', async () => {
  const hash = await board.write.write([333n, 'sought']);
  const { blockNumber, blockHash, logs: [log] } = await mined(hash);
  const event = Board.abi.find((item) => item.type === 'event');
  const all = { address: board.address, event, fromBlock: 0n, toBlock: 'latest' };
  const found = await pub.getLogs({ ...all, args: { value: 333n } });
  assert.deepEqual(found.map((one) => one.transactionHash), [hash]);
  assert.equal(found[0].args.why, 'sought');
  assert.equal(found[0].logIndex, log.logIndex);
  assert.deepEqual((await pub.getLogs({ ...all, args: { value: [333n, 334n], by: anna.address } })).length, 1);
  assert.deepEqual(await pub.getLogs({ ...all, args: { value: 334n } }), []);
  assert.deepEqual(await pub.getLogs({ ...all, args: { by: bora.address } }), []);
  assert.deepEqual(await pub.getLogs({ ...all, args: { value: 333n }, toBlock: blockNumber - 1n }), []);
  assert.deepEqual(await pub.getLogs({ ...all, args: { value: 333n }, address: STRANGER }), []);
  assert.equal((await pub.getLogs({ address: board.address, blockHash })).length, 1);
  const topics = [keccak256(stringToHex('Written(address,uint256,string)'))];
  const raw = await rpc('eth_getLogs', { fromBlock: '0x0', toBlock: 'latest', topics });
  assert.ok(raw.result.some((one) => one.transactionHash === hash));
});

test('viem: a filter tells what is new and only that', async () => {
  const filter = await pub.createContractEventFilter({ address: board.address, abi: Board.abi, eventName: 'Written' });
  await mined(await board.write.write([21n, 'filtered']));
  assert.deepEqual((await pub.getFilterChanges({ filter })).map((log) => log.args.value), [21n]);
  assert.deepEqual(await pub.getFilterChanges({ filter }), []);
  assert.ok(await pub.uninstallFilter({ filter }));
  const blocks = await pub.createBlockFilter();
  const { blockHash } = await mined(await board.write.write([22n, 'a block']));
  assert.ok((await pub.getFilterChanges({ filter: blocks })).includes(blockHash));
});

test('viem: events and blocks are watched over WebSocket', async () => {
  const heard = [];
  let unwatch;
  const event = new Promise((resolve, reject) => {
    unwatch = live.watchContractEvent({
      address: board.address, abi: Board.abi, eventName: 'Written', args: { value: 44n },
      onLogs: (logs) => { heard.push(...logs); resolve(); }, onError: reject,
    });
  });
  let stop;
  const head = new Promise((resolve, reject) => {
    stop = live.watchBlocks({ onBlock: resolve, onError: reject });
  });
  await live.getBlockNumber(); // both subscriptions were sent before it on the same connection
  await new Promise((resolve) => setTimeout(resolve, 200));
  await mined(await board.write.write([43n, 'not asked for']));
  const receipt = await mined(await board.write.write([44n, 'asked for']));
  await within(10_000, 'event', event);
  const block = await within(10_000, 'head', head);
  unwatch();
  stop();
  assert.deepEqual(heard.map((log) => log.transactionHash), [receipt.transactionHash]);
  assert.equal(heard[0].args.why, 'asked for');
  assert.equal((await pub.getBlock({ blockNumber: block.number })).hash, block.hash);
});

test('viem: many calls go as one multicall, or as one batch of requests', async () => {
  const { contractAddress } = await mined(await wallet(anna).deployContract({ ...Calls }));
  const one = { address: board.address, abi: Board.abi };
  const results = await pub.multicall({
    multicallAddress: contractAddress,
    contracts: [{ ...one, functionName: 'MAX' }, { ...one, functionName: 'refuseInWords' }, { address: CREDIT, abi: erc20Abi, functionName: 'decimals' }],
  });
  assert.deepEqual(results.map((result) => result.status), ['success', 'failure', 'success']);
  assert.deepEqual([results[0].result, results[2].result], [1_000n, 2]);
  const batched = createPublicClient({ chain, transport: http(ready.http, { batch: true }) });
  const answers = await Promise.all([batched.getChainId(), batched.getBlockNumber(), batched.getGasPrice(), batched.getBlock({ blockNumber: 0n })]);
  assert.equal(answers[0], ready.chainId);
  assert.equal(answers[3].number, 0n);
});

test('viem: a block is the same by number, by hash and with its transactions', async () => {
  const receipt = await mined(await board.write.write([11n, 'in a block']));
  const byNumber = await pub.getBlock({ blockNumber: receipt.blockNumber });
  const byHash = await pub.getBlock({ blockHash: receipt.blockHash, includeTransactions: true });
  assert.equal(byNumber.hash, receipt.blockHash);
  assert.deepEqual(byHash.transactions.map((transaction) => transaction.hash), byNumber.transactions);
  const parent = await pub.getBlock({ blockNumber: receipt.blockNumber - 1n });
  assert.equal(byNumber.parentHash, parent.hash);
  assert.ok(byNumber.timestamp >= parent.timestamp);
  assert.equal(byNumber.baseFeePerGas, 0n);
  const transaction = await pub.getTransaction({ hash: receipt.transactionHash });
  assert.equal(transaction.blockHash, receipt.blockHash);
  assert.equal(transaction.from.toLowerCase(), anna.address.toLowerCase());
  assert.equal(await pub.getBlockTransactionCount({ blockNumber: receipt.blockNumber }), byNumber.transactions.length);
  for (const blockTag of ['latest', 'safe', 'finalized', 'earliest']) assert.ok((await pub.getBlock({ blockTag })).hash);
  await assert.rejects(pub.getBlock({ blockNumber: 1n << 40n }), /could not be found/);
});

test('viem: what was true at an older height is still answered, and a height to come is refused', async () => {
  const first = await mined(await board.write.write([100n, 'first']));
  const second = await mined(await board.write.write([200n, 'second']));
  const at = (blockNumber) => board.read.value({ blockNumber });
  assert.equal(await at(first.blockNumber), 100n);
  assert.equal(await at(second.blockNumber), 200n);
  assert.equal(await board.read.height({ blockNumber: first.blockNumber }), first.blockNumber);
  assert.equal(BigInt(await pub.getStorageAt({ address: board.address, slot: '0x0', blockNumber: first.blockNumber })), 100n);
  assert.equal(await pub.getCode({ address: board.address, blockNumber: 0n }), undefined);
  assert.equal(await pub.getTransactionCount({ address: anna.address, blockNumber: 0n }), 0);
  await assert.rejects(at(1n << 40n), /header not found/);
});

test('viem: transactions of types 0, 1, 2 are taken, of type 3 are not', async () => {
  const data = encodeFunctionData({ abi: Board.abi, functionName: 'write', args: [1n, 'typed'] });
  const to = board.address;
  const fees = { maxFeePerGas: 0n, maxPriorityFeePerGas: 0n };
  const accessList = [{ address: to, storageKeys: [`0x${'00'.repeat(32)}`] }];
  for (const [type, more] of [['legacy', { gasPrice: 0n }], ['eip2930', { gasPrice: 0n, accessList }], ['eip1559', { ...fees, accessList }]]) {
    const hash = await wallet(bora).sendTransaction({ to, data, type, ...more });
    const receipt = await mined(hash);
    assert.equal(receipt.status, 'success', type);
    assert.equal(receipt.type, type);
    assert.equal((await pub.getTransaction({ hash })).type, type);
  }
  const blob = await bora.signTransaction({
    type: 'eip4844', chainId: ready.chainId, to, gas: 100_000n, nonce: await pub.getTransactionCount({ address: bora.address }),
    maxFeePerBlobGas: 1n, ...fees, blobVersionedHashes: [`0x01${'22'.repeat(31)}`],
  });
  await assert.rejects(pub.sendRawTransaction({ serializedTransaction: blob }), /blob/i);
});

test('viem: an account takes on a contract\'s code by EIP-7702 and gives it up again', async () => {
  const authorization = await wallet(chen).signAuthorization({ contractAddress: board.address, executor: 'self' });
  const data = encodeFunctionData({ abi: Board.abi, functionName: 'write', args: [70n, 'delegated'] });
  const receipt = await mined(await wallet(chen).sendTransaction({ authorizationList: [authorization], to: chen.address, data }));
  assert.equal(receipt.status, 'success');
  assert.equal(receipt.type, 'eip7702');
  assert.equal(await pub.getCode({ address: chen.address }), `0xef0100${board.address.slice(2).toLowerCase()}`);
  assert.equal(await pub.readContract({ address: chen.address, abi: Board.abi, functionName: 'value' }), 70n);
  const none = await wallet(chen).signAuthorization({ contractAddress: `0x${'00'.repeat(20)}`, executor: 'self' });
  await mined(await wallet(chen).sendTransaction({ authorizationList: [none], to: STRANGER }));
  assert.equal(await pub.getCode({ address: chen.address }), undefined);
});

test('viem: there are no fees, now or in the past', async () => {
  const history = await pub.getFeeHistory({ blockCount: 4, rewardPercentiles: [25, 75] });
  assert.ok(history.baseFeePerGas.length > 1 && history.baseFeePerGas.every((fee) => fee === 0n));
  assert.ok(history.reward.every((rewards) => rewards.length === 2 && rewards.every((reward) => reward === 0n)));
  assert.equal(history.gasUsedRatio.length, history.baseFeePerGas.length - 1);
  assert.equal(await pub.getGasPrice(), 0n);
  const fees = await pub.estimateFeesPerGas();
  assert.deepEqual([fees.maxFeePerGas, fees.maxPriorityFeePerGas], [0n, 0n]);
});

test('viem: ten transactions at once from one account are all included, in order', async () => {
  const sender = account(8);
  const from = await pub.getTransactionCount({ address: sender.address });
  const client = wallet(sender);
  const nonces = [...Array(10).keys()].map((i) => from + i);
  const hashes = await Promise.all(nonces.map((nonce) => client.writeContract({ address: board.address, abi: Board.abi, functionName: 'write', args: [BigInt(nonce), `parallel ${nonce}`], nonce, gas: 120_000n })));
  const receipts = await Promise.all(hashes.map(mined));
  assert.ok(receipts.every((receipt) => receipt.status === 'success'));
  const places = receipts.map((receipt) => Number(receipt.blockNumber) * 100_000 + receipt.transactionIndex);
  assert.deepEqual(places, [...places].sort((a, b) => a - b));
  assert.equal(await pub.getTransactionCount({ address: sender.address }), from + 10);
  await assert.rejects(client.sendTransaction({ to: STRANGER, nonce: from, gas: 21_000n }), /[Nn]once.*low/s);
});

test('viem: a transaction ahead of its turn waits for the one before it', async () => {
  const sender = account(9);
  const nonce = await pub.getTransactionCount({ address: sender.address });
  const later = await wallet(sender).sendTransaction({ to: STRANGER, nonce: nonce + 1, gas: 21_000n });
  assert.equal((await pub.getTransaction({ hash: later })).blockNumber, null);
  assert.equal(await pub.getTransactionCount({ address: sender.address, blockTag: 'pending' }), nonce);
  const sooner = await wallet(sender).sendTransaction({ to: STRANGER, nonce, gas: 21_000n });
  assert.equal((await mined(sooner)).status, 'success');
  assert.equal((await mined(later)).status, 'success');
});

test('viem: a credit is an ERC-20, by the ABI that the chain gives out', async () => {
  const credit = getContract({ address: CREDIT, abi: abi('credit'), client: { public: pub, wallet: wallet(bora) } });
  assert.deepEqual(await Promise.all([credit.read.symbol(), credit.read.decimals()]), ['TOWN', 2]);
  const before = await Promise.all([bora.address, STRANGER].map((who) => credit.read.balanceOf([who])));
  const receipt = await mined(await credit.write.transfer([STRANGER, 500n]));
  assert.equal(receipt.status, 'success');
  const [transfer] = parseEventLogs({ abi: erc20Abi, logs: receipt.logs, eventName: 'Transfer' });
  assert.deepEqual({ ...transfer.args }, { from: bora.address, to: getAddress(STRANGER), value: 500n });
  const now = await Promise.all([bora.address, STRANGER].map((who) => credit.read.balanceOf([who])));
  assert.deepEqual(now, [before[0] - 500n, before[1] + 500n]);
  assert.equal(await credit.read.balanceOf([STRANGER], { blockNumber: receipt.blockNumber - 1n }), before[1]);
  const poor = await refusal(credit.simulate.transfer([STRANGER, 1n << 60n], { account: bora }));
  assert.equal(poor.data.errorName, 'Insufficient');
  assert.deepEqual(poor.data.args, [now[0], 1n << 60n]);
});

test('viem: what a module refuses comes as its named custom error', async () => {
  const orders = getContract({ address: ORDERS, abi: abi('orders'), client: { public: pub, wallet: wallet(bora) } });
  const unknown = await refusal(orders.simulate.acceptOrder([BYTES32], { account: bora }));
  assert.equal(unknown.data.errorName, 'UnknownOrder');
  assert.deepEqual(unknown.data.args, [BYTES32]);
  const shopless = await refusal(orders.simulate.updateShop(['Nobody', BYTES32], { account: bora }));
  assert.equal(shopless.data.errorName, 'UnknownShop');
  assert.deepEqual(shopless.data.args, [bora.address]);
  await assert.rejects(orders.estimateGas.acceptOrder([BYTES32], { account: bora }), /UnknownOrder/);
  const receipt = await mined(await orders.write.acceptOrder([BYTES32], { gas: 200_000n }));
  assert.equal(receipt.status, 'reverted');
  const data = encodeFunctionData({ abi: abi('orders'), functionName: 'acceptOrder', args: [BYTES32] });
  const { error } = await rpc('eth_call', { from: bora.address, to: ORDERS, data }, 'latest');
  assert.equal(error.code, 3);
  assert.equal(decodeErrorResult({ abi: abi('orders'), data: error.data }).errorName, 'UnknownOrder');
});
