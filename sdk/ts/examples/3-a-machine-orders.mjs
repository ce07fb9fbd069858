// A machine's order, from the owner's grant to placed: the machine signs, anyone may bring what it says.
import { createClient, http } from 'viem';
import { getBlock } from 'viem/actions';
import { mnemonicToAccount } from 'viem/accounts';
import { addressCommitment, addresses, codeCommitment, dure, dureActions, gtin, newCode, offerId, orderId } from '@dure/sdk';
import { deviceSigner, newDeviceSecret } from '@dure/sdk/device';
import { newSalt, sealAddress } from '@dure/sdk/seal';

const person = (addressIndex) => mnemonicToAccount('test test test test test test test test test test test junk', { addressIndex });
const [owner, shop, arbiter] = [person(1), person(2).address, person(5).address];
const chain = dure({ http: process.env.DURE_HTTP ?? 'http://localhost:8545' });
const client = createClient({ account: owner, chain, transport: http() }).extend(dureActions());
const [machine, home] = [deviceSigner('P256', newDeviceSecret()), { salt: newSalt(), text: 'Bora, Lindenweg 3' }];
const [device, slot, gtins, offer] = [machine.id, 0, [gtin('4006381333931')], offerId(shop, 1)];

const possession = machine.possession(chain.id, owner.address, 0);
await client.devices.register({ model: gtins[0], keyType: 0, publicKey: machine.publicKey, attestation: `0x${'00'.repeat(32)}`, possession });
await client.devices.setSlot({ device, slot, unit: 'mL', capacity: 2_000n, threshold: 300n, rearm: 1_200n, gtins });
await client.devices.setMandate({ device, slot, terms: {
  mode: 0, credit: addresses.firstCredit, shops: [shop], gtins, unitPriceMax: 700n, orderMax: 2_000n, periodMs: 2_592_000_000n,
  periodAmountMax: 5_000n, periodCountMax: 3, intervalMinMs: 0n, arbiters: [arbiter], defaultRefundMinPercent: 50, evidenceSettles: false,
  addressCommitment: addressCommitment(home), expiresMs: BigInt(Date.now()) + 2_592_000_000n,
} });

const order = orderId(device, slot, 0, 1);
const code = newCode(); // said at the door, never sent
const sealedAddress = await sealAddress(home, (await client.shops.get({ account: shop })).sealingKey, order);
const { number, parentHash } = await getBlock(client);
const body = { kind: 'Place', level: 200n, offer, codeCommitment: codeCommitment(order, code), sealedAddress };
const message = { chainId: chain.id, device, slot, keyEpoch: 0, sequence: 1n, height: number - 1n, blockHash: parentHash, body };
await client.devices.relay(machine.sign(message));
console.log(`order ${order} is ${(await client.dure.order(order)).state}`);
